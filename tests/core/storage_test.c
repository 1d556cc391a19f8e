/* Storage and its pool: counting, limits, blocks that are used again. */
#include "pool.h"
#include "tensor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static fm_error err;

static void bytes_are_counted_while_held(void **state) {
    (void)state;
    size_t before = fm_live_bytes();
    fm_storage *s = fm_storage_new(1000, &err);
    assert_int_equal(fm_live_bytes(), before + 1000 * sizeof(real));
    assert_true(fm_peak_bytes() >= fm_live_bytes());
    fm_peak_begin();
    assert_int_equal(fm_peak_bytes(), fm_live_bytes());
    fm_storage_retain(s);
    fm_storage_release(s);
    assert_int_equal(fm_live_bytes(), before + 1000 * sizeof(real));
    fm_storage_drop(s);
    assert_null(s->data);
    assert_int_equal(fm_live_bytes(), before);
    fm_storage_drop(s); /* once more is fine */
    fm_storage_release(s);
    fm_storage_release(NULL);
    assert_int_equal(fm_live_bytes(), before);
}

static void no_numbers_is_a_storage_too(void **state) {
    (void)state;
    fm_storage *s = fm_storage_new(0, &err);
    assert_non_null(s);
    assert_non_null(s->data);
    fm_storage_release(s);
}

static void the_limit_holds(void **state) {
    (void)state;
    size_t before = fm_live_bytes();
    fm_set_memory_limit(before + 1000 * sizeof(real));
    fm_storage *a = fm_storage_new(600, &err);
    assert_non_null(a);
    assert_null(fm_storage_new(401, &err));
    assert_non_null(strstr(err.text, "out of memory"));
    assert_non_null(strstr(err.text, "limit"));
    fm_storage *b = fm_storage_new(400, &err);
    assert_non_null(b);
    fm_storage_release(a);
    assert_int_equal(fm_live_bytes(), before + 400 * sizeof(real));
    fm_storage_release(b);
    assert_int_equal(fm_memory_limit(), before + 1000 * sizeof(real));
    fm_set_memory_limit(0);
}

static fm_storage *hoard;
static int asked;

static bool let_go(void) {
    asked++;
    bool had = hoard != NULL;
    fm_storage_release(hoard);
    hoard = NULL;
    return had;
}

static void memory_is_reclaimed_before_it_runs_out(void **state) {
    (void)state;
    size_t before = fm_live_bytes();
    fm_set_memory_limit(before + 1000 * sizeof(real));
    fm_set_reclaim(let_go);
    hoard = fm_storage_new(900, &err);
    fm_storage *s = fm_storage_new(500, &err);
    assert_non_null(s);
    assert_int_equal(asked, 1);
    assert_null(fm_storage_new(501, &err)); /* asked again, but there is nothing to let go */
    assert_int_equal(asked, 2);
    fm_storage_release(s);
    fm_set_reclaim(NULL);
    fm_set_memory_limit(0);
    assert_int_equal(fm_live_bytes(), before);
}

static void absurd_sizes_are_refused(void **state) {
    (void)state;
    assert_null(fm_storage_new(SIZE_MAX, &err));
    assert_null(fm_storage_new(SIZE_MAX / sizeof(real) + 1, &err));
    assert_non_null(strstr(err.text, "address"));
    size_t count, huge[] = {(size_t)1 << 32, (size_t)1 << 32}, empty[] = {0, 5}, full[] = {2, 3, 4}, wrap[] = {0, SIZE_MAX, SIZE_MAX};
    assert_false(fm_shape_count(2, huge, &count, &err));
    assert_false(fm_shape_count(3, wrap, &count, &err));
    assert_true(fm_shape_count(2, empty, &count, &err) && count == 0);
    assert_true(fm_shape_count(3, full, &count, &err) && count == 24);
    assert_true(fm_shape_count(0, full, &count, &err) && count == 1);
    size_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_false(fm_shape_count(9, nine, &count, &err));
}

static void blocks_are_usable_to_their_last_byte_and_apart(void **state) {
    (void)state;
    enum { N = 300 };
    unsigned char *block[N];
    size_t size[N];
    for (size_t i = 0; i < N; i++) {
        size[i] = i < 200 ? 4 * i : 700 * (i - 190) + i % 3;
        block[i] = fm_pool_take(size[i]);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % (size[i] > 512 ? 64 : 16), 0);
        memset(block[i], (int)(i % 251), size[i]);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < size[i]; k++) assert_true(block[i][k] == i % 251);
    }
    for (size_t i = 0; i < N; i++) fm_pool_give(block[i], size[i]);
    fm_pool_give(NULL, 10);
    fm_pool_trim();
}

#ifndef __SANITIZE_ADDRESS__ /* there the pool hands every block to the system, so that misuse is seen */
static void what_was_given_back_is_handed_out_again(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 16, 17, 512, 513, 640, 641, 1024, 1025, 4096, 100000, 5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *a = fm_pool_take(sizes[i]);
        fm_pool_give(a, sizes[i]);
        size_t mallocs = fm_pool_mallocs();
        void *b = fm_pool_take(sizes[i]);
        assert_ptr_equal(a, b);
        assert_int_equal(fm_pool_mallocs(), mallocs);
        fm_pool_give(b, sizes[i]);
    }
    fm_pool_trim(); /* the large ones are gone now: the system is asked again */
    size_t mallocs = fm_pool_mallocs();
    fm_pool_give(fm_pool_take(5000000), 5000000);
    assert_int_equal(fm_pool_mallocs(), mallocs + 1);
}

static void an_odd_block_does_not_cost_the_others_and_a_change_of_shapes_does(void **state) {
    (void)state;
    enum { BIG = 20 << 20, ODD = 3000, OTHER = 3 << 20 };
    fm_pool_give(fm_pool_take(BIG), BIG);
    size_t mallocs = fm_pool_mallocs();
    void *odd = fm_pool_take(ODD);
    fm_pool_give(fm_pool_take(BIG), BIG);
    assert_int_equal(fm_pool_mallocs(), mallocs + 1);
    void *other = fm_pool_take(OTHER);
    fm_pool_give(fm_pool_take(BIG), BIG);
    assert_int_equal(fm_pool_mallocs(), mallocs + 3);
    fm_pool_give(odd, ODD);
    fm_pool_give(other, OTHER);
    fm_pool_trim();
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_counted_while_held),
        cmocka_unit_test(no_numbers_is_a_storage_too),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(memory_is_reclaimed_before_it_runs_out),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(blocks_are_usable_to_their_last_byte_and_apart),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(what_was_given_back_is_handed_out_again),
        cmocka_unit_test(an_odd_block_does_not_cost_the_others_and_a_change_of_shapes_does),
#endif
    };
    return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
