/* The words behind every draw: those of Philox4x32-10. */
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <Random123/philox.h>
#include <cmocka.h>

static void open_with(fm_rng *r, uint64_t key, uint64_t step, uint32_t call) {
    fm_error err;
    assert_true(fm_rng_open(r, 0, "", 0, &err) && fm_rng_at(r, step, &err));
    r->key = key;
    r->calls = call;
}

/* The published known answers of the generator. */
static void known_answers_come_out(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const uint32_t *c = known[k].counter;
        fm_rng r;
        open_with(&r, known[k].key[0] | (uint64_t)known[k].key[1] << 32, c[2] | (uint64_t)c[3] << 32, c[1]);
        real drawn[4];
        fm_rng_uniform(&r, (uint64_t)c[0] * 4, 4, 0, 1, drawn);
        for (int i = 0; i < 4; i++) assert_true(drawn[i] == known[k].words[i] * 0x1p-32);
        fm_rng_close(&r);
    }
}

static void every_number_has_its_own_counter(void **state) {
    (void)state;
    enum { N = 1500 };
    fm_rng r;
    open_with(&r, 0x0123456789abcdef, 0xfedcba9876543210, 77);
    for (uint64_t first = 0; first < 700; first += 173) { /* chunks that are cut, and whole ones */
        real drawn[N];
        r.calls = 77;
        fm_rng_uniform(&r, first, N, 0, 1, drawn);
        for (size_t i = 0; i < N; i++) {
            philox4x32_ctr_t counter = {{(uint32_t)((first + i) / 4), 77, 0x76543210, 0xfedcba98}};
            philox4x32_key_t key = {{0x89abcdef, 0x01234567}};
            assert_true(drawn[i] == philox4x32(counter, key).v[(first + i) % 4] * 0x1p-32);
        }
    }
    fm_rng_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_come_out),
        cmocka_unit_test(every_number_has_its_own_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
