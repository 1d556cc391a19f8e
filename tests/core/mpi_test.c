/* src/mpi against an MPI that this file plays: which messages are there, and from which look on.
 * Each test compares what was asked of it, word for word; clock, processors and pauses are played
 * as well. What a real mpirun does is in tests/cli/mpi_spec.lua. */
#define _GNU_SOURCE /* cpu_set_t */
#include "processes.h"

#include <mpi.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

extern fm_mpi fm_mpi_module;

typedef struct message {
    int source, tag, size;
    unsigned look; /* it is there from this look on, counted from 1 */
    bool taken;
} message;

static struct {
    int rank, size, init;        /* what MPI_Init leads to */
    int here, own, others;       /* processes of the node; processors of this one, and those of the others that it has not */
    bool affinity;               /* whether the system tells the processors */
    unsigned looks, after, done; /* looks so far; a request is done `after` looks from its start on */
    message messages[8];
    unsigned turns, pauses, microseconds; /* given to other processes; slept; of the last sleep */
    double clock, tick;                   /* seconds, and how many pass with a look */
    const char *text;                     /* of a message that is received with its bytes */
    const char *base;                     /* of the bytes that requests are for */
    bool open;                            /* a request that nobody has waited for to its end */
    char said[4096];
} play;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
    size_t n = strlen(play.said);
    va_list args;
    va_start(args, format);
    vsnprintf(play.said + n, sizeof play.said - n, format, args);
    va_end(args);
}

static void expect_said(const char *text) {
    assert_false(play.open);
    assert_string_equal(play.said, text);
    play.said[0] = 0;
}

/* ---- the system ---- */

int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set) {
    if (process != 0 || size != sizeof *set || !play.affinity) return -1;
    for (size_t i = 0; i < (size_t)play.own; i++) CPU_SET(i, set); /* whatever is in it already stays */
    return 0;
}

int sched_yield(void) {
    play.turns++;
    return 0;
}

int usleep(useconds_t microseconds) {
    play.pauses++;
    play.microseconds = microseconds;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    (void)clock;
    now->tv_sec = (time_t)play.clock;
    now->tv_nsec = (long)((play.clock - (double)now->tv_sec) * 1e9);
    return 0;
}

/* ---- MPI ---- */

int MPI_Init(int *argc, char ***argv) {
    assert_null(argc);
    assert_null(argv);
    say("init\n");
    return play.init;
}

int MPI_Comm_rank(MPI_Comm comm, int *rank) {
    assert_true(comm == MPI_COMM_WORLD);
    *rank = play.rank;
    return MPI_SUCCESS;
}

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *node) {
    assert_true(comm == MPI_COMM_WORLD && type == MPI_COMM_TYPE_SHARED && key == 0 && info == MPI_INFO_NULL);
    *node = MPI_COMM_SELF; /* stands for that of the node */
    return MPI_SUCCESS;
}

int MPI_Comm_size(MPI_Comm comm, int *size) {
    *size = comm == MPI_COMM_WORLD ? play.size : play.here;
    return MPI_SUCCESS;
}

int MPI_Allreduce(const void *own, void *together, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
    assert_true(count == sizeof(cpu_set_t) && type == MPI_BYTE && op == MPI_BOR && comm == MPI_COMM_SELF);
    memcpy(together, own, sizeof(cpu_set_t));
    for (size_t i = 0; i < (size_t)play.others; i++) CPU_SET(512 + i, (cpu_set_t *)together);
    return MPI_SUCCESS;
}

int MPI_Comm_free(MPI_Comm *comm) {
    assert_true(*comm == MPI_COMM_SELF);
    say("free\n");
    return MPI_SUCCESS;
}

static message *find(int source, int tag) {
    for (size_t i = 0; i < sizeof play.messages / sizeof *play.messages; i++) {
        message *m = &play.messages[i];
        if (m->tag && !m->taken && m->look <= play.looks && (source == MPI_ANY_SOURCE || source == m->source) &&
            (tag == MPI_ANY_TAG || tag == m->tag))
            return m;
    }
    return NULL;
}

int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *there, MPI_Status *status) {
    assert_true(comm == MPI_COMM_WORLD);
    play.clock += play.tick;
    play.looks++;
    const message *m = find(source, tag);
    *there = m != NULL;
    if (!m) return MPI_SUCCESS;
    status->MPI_SOURCE = m->source;
    status->MPI_TAG = m->tag;
    return MPI_SUCCESS;
}

int MPI_Get_count(const MPI_Status *status, MPI_Datatype type, int *count) {
    assert_true(type == MPI_BYTE);
    *count = find(status->MPI_SOURCE, status->MPI_TAG)->size;
    return MPI_SUCCESS;
}

int MPI_Recv(void *to, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Status *status) {
    assert_true(type == MPI_BYTE && comm == MPI_COMM_WORLD && status == MPI_STATUS_IGNORE);
    say("take %d of kind %d from %d\n", count, tag, source);
    find(source, tag)->taken = true;
    if (count) memcpy(to, play.text, (size_t)count);
    return MPI_SUCCESS;
}

static void begin(const char *what, const void *bytes, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm) {
    assert_true(type == MPI_BYTE && comm == MPI_COMM_WORLD);
    say("%s %d of kind %d with %d", what, count, tag, rank);
    if (play.base) say(" at %td", (const char *)bytes - play.base);
    say("\n");
    play.done = play.looks + play.after;
    assert_false(play.open);
    play.open = true;
}

int MPI_Isend(const void *bytes, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request) {
    (void)request;
    begin("send", bytes, count, type, to, tag, comm);
    return MPI_SUCCESS;
}

int MPI_Irecv(void *bytes, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request) {
    (void)request;
    begin("receive", bytes, count, type, from, tag, comm);
    return MPI_SUCCESS;
}

int MPI_Send(const void *bytes, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
    assert_true(type == MPI_BYTE && comm == MPI_COMM_WORLD && !bytes);
    say("tell %d of kind %d to %d\n", count, tag, to);
    return MPI_SUCCESS;
}

int MPI_Test(MPI_Request *request, int *done, MPI_Status *status) {
    (void)request;
    assert_true(status == MPI_STATUS_IGNORE);
    *done = ++play.looks > play.done;
    if (*done) play.open = false;
    return MPI_SUCCESS;
}

int MPI_Cancel(MPI_Request *request) {
    (void)request;
    say("cancel\n");
    return MPI_SUCCESS;
}

int MPI_Wait(MPI_Request *request, MPI_Status *status) {
    (void)request;
    assert_true(status == MPI_STATUS_IGNORE);
    say("wait\n");
    play.open = false;
    return MPI_SUCCESS;
}

int MPI_Finalize(void) {
    say("finalize\n");
    return MPI_SUCCESS;
}

int MPI_Abort(MPI_Comm comm, int code) {
    assert_true(comm == MPI_COMM_WORLD);
    say("abort %d\n", code);
    return MPI_SUCCESS;
}

/* ---- the tests ---- */

static double portion_of(int here, int own, int others) {
    int rank = -1, size = -1;
    double portion = -1;
    play.here = here;
    play.own = own;
    play.others = others;
    assert_true(fm_mpi_module.start(&rank, &size, &portion));
    expect_said(play.affinity ? "init\nfree\n" : "init\n");
    assert_int_equal(rank, play.rank);
    assert_int_equal(size, play.size);
    return portion;
}

static void start_as(int rank, int size) {
    memset(&play, 0, sizeof play);
    play.rank = rank;
    play.size = size;
    play.init = MPI_SUCCESS;
    play.affinity = true;
    portion_of(1, 1, 0);
}

static void test_start(void **state) {
    (void)state;
    start_as(2, 5);
    assert_true(portion_of(1, 8, 0) == 1);
    assert_true(portion_of(4, 8, 0) == 0.25); /* all may use the same 8 */
    assert_true(portion_of(2, 4, 4) == 1);    /* each has its own 4 */
    assert_true(portion_of(3, 4, 2) == 0.5);  /* 6 for 3 processes */
    assert_true(portion_of(2, 2, 6) == 1);    /* others have more: it still has no more than its own */
    play.affinity = false;
    assert_true(portion_of(4, 8, 0) == 1);
    play.init = MPI_SUCCESS + 1;
    int rank, size;
    double portion;
    assert_false(fm_mpi_module.start(&rank, &size, &portion));
    expect_said("init\n");
}

static void test_bytes_go_in_pieces(void **state) {
    (void)state;
    char bytes[1];
    start_as(1, 3);
    play.base = bytes;
    assert_true(fm_mpi_module.send(2, FM_MESSAGE_STEP, bytes, 0)); /* one with nothing in it is a message, too */
    expect_said("send 0 of kind 2 with 2 at 0\n");
    assert_true(fm_mpi_module.receive(0, FM_MESSAGE_PLAN, bytes, 1));
    expect_said("receive 1 of kind 1 with 0 at 0\n");
    const size_t most = (size_t)1 << 30;
    assert_true(fm_mpi_module.send(0, FM_MESSAGE_SUM, bytes, most));
    expect_said("send 1073741824 of kind 3 with 0 at 0\n");
    assert_true(fm_mpi_module.send(0, FM_MESSAGE_SUM, bytes, 2 * most + 5));
    expect_said("send 1073741824 of kind 3 with 0 at 0\nsend 1073741824 of kind 3 with 0 at 1073741824\nsend 5 of kind 3 with 0 at "
                "2147483648\n");
    assert_true(fm_mpi_module.receive(2, FM_MESSAGE_SUM, bytes, most + 1));
    expect_said("receive 1073741824 of kind 3 with 2 at 0\nreceive 1 of kind 3 with 2 at 1073741824\n");
}

/* The first looks follow each other at once, others wait for a turn, and long ones sleep. */
static void test_patience(void **state) {
    (void)state;
    static const struct {
        unsigned looks, turns, pauses;
    } rows[] = {{0, 0, 0}, {501, 0, 0}, {502, 1, 0}, {100001, 99500, 0}, {100004, 99500, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int way = 0; way < 2; way++) {
            char byte;
            size_t size;
            start_as(1, 2);
            play.after = rows[i].looks;
            play.messages[0] = (message){.source = 0, .tag = FM_MESSAGE_PLAN, .size = 7, .look = rows[i].looks + 1};
            if (way) assert_true(fm_mpi_module.receive(0, FM_MESSAGE_PLAN, &byte, 1));
            else assert_true(fm_mpi_module.size(0, FM_MESSAGE_PLAN, &size) && size == 7);
            assert_int_equal(play.looks, rows[i].looks + 1);
            assert_int_equal(play.turns, rows[i].turns);
            assert_int_equal(play.pauses, rows[i].pauses);
            if (rows[i].pauses) assert_int_equal(play.microseconds, 50);
        }
    }
}

static bool ask_for_size(void) {
    size_t size;
    return fm_mpi_module.size(1, FM_MESSAGE_SUM, &size);
}

static bool receive_byte(void) {
    char byte;
    return fm_mpi_module.receive(1, FM_MESSAGE_SUM, &byte, 1);
}

/* Rank 0 looks around while it waits to receive; it takes the message of one that failed. */
static void test_rank_0_hears_of_failures(void **state) {
    (void)state;
    static bool (*const ways[])(void) = {ask_for_size, receive_byte};
    for (int way = 0; way < 2; way++) {
        start_as(0, 4);
        play.after = 1000000;
        play.text = "it broke, and this is beyond its end";
        play.messages[0] = (message){.source = 3, .tag = FM_MESSAGE_FAILED, .size = 8};
        assert_false(ways[way]());
        assert_string_equal(fm_mpi_module.heard, "rank 3: it broke");
        assert_true(play.looks >= 32 && play.looks <= 128);
        expect_said(way ? "receive 1 of kind 3 with 1\ntake 8 of kind 4 from 3\ncancel\nwait\n" : "take 8 of kind 4 from 3\n");

        start_as(0, 4);
        play.after = 1000000;
        play.messages[0] = (message){.source = 2, .tag = FM_MESSAGE_STEP, .size = 8};
        assert_false(ways[way]());
        assert_non_null(strstr(fm_mpi_module.heard, "rank 2: it is at another place of the script than rank 0"));
        expect_said(way ? "receive 1 of kind 3 with 1\ncancel\nwait\n" : "");

        start_as(0, 4); /* another's message of this kind is for later */
        play.after = 1000;
        play.messages[0] = (message){.source = 2, .tag = FM_MESSAGE_SUM, .size = 8};
        play.messages[1] = (message){.source = 1, .tag = FM_MESSAGE_SUM, .size = 8, .look = 1000};
        assert_true(ways[way]());
        assert_true(play.turns > 0);
    }
    start_as(0, 4); /* what is sent is not waited for in this way */
    play.after = 1000;
    play.messages[0] = (message){.source = 2, .tag = FM_MESSAGE_STEP, .size = 8};
    assert_true(fm_mpi_module.send(1, FM_MESSAGE_PLAN, "", 1));
    for (int way = 0; way < 2; way++) { /* and the others do not look around */
        start_as(2, 4);
        play.after = 1000;
        play.messages[0] = (message){.source = 3, .tag = FM_MESSAGE_FAILED, .size = 8};
        play.messages[1] = (message){.source = 1, .tag = FM_MESSAGE_SUM, .size = 8, .look = 1000};
        assert_true(ways[way]());
        assert_false(play.messages[0].taken);
    }
}

static void test_a_long_failure_is_cut(void **state) {
    (void)state;
    enum { KEPT = FM_MESSAGE_TEXT - 32 };
    static char text[FM_MESSAGE_TEXT + 1];
    memset(text, 'x', sizeof text - 1);
    static const int sizes[][2] = {{KEPT - 2, KEPT - 2}, {KEPT - 1, KEPT - 1}, {KEPT, KEPT - 1},
                                   {KEPT + 1, KEPT - 1}, {8000, 8000},         {8, 8}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        start_as(0, 2);
        play.text = text;
        play.messages[0] = (message){.source = 1, .tag = FM_MESSAGE_FAILED, .size = sizes[i][0]};
        assert_false(ask_for_size());
        assert_int_equal(strlen(fm_mpi_module.heard), strlen("rank 1: ") + (size_t)sizes[i][1]);
    }
}

static void test_rank_0_ends_last(void **state) {
    (void)state;
    start_as(0, 3);
    play.messages[0] = (message){.source = 2, .tag = FM_MESSAGE_END, .look = 4};
    play.messages[1] = (message){.source = 1, .tag = FM_MESSAGE_END, .look = 700};
    play.tick = 10; /* two hours are not too long when all end well */
    assert_true(fm_mpi_module.finish(-1));
    assert_true(play.turns > 0);
    expect_said("take 0 of kind 5 from 2\ntake 0 of kind 5 from 1\ntell 0 of kind 5 to 1\ntell 0 of kind 5 to 2\nfinalize\n");
}

static void test_patience_at_the_end(void **state) {
    (void)state;
    /* those that have ended are counted on: nothing but the start of a process sets that back */
    start_as(0, 9);
    play.clock = 5.75;
    play.tick = 0.25;
    assert_false(fm_mpi_module.finish(1));
    assert_int_equal(play.looks, 5); /* at 6.75 it still waits */
    expect_said("");
    play.clock = 100;
    assert_false(fm_mpi_module.finish(0));
    assert_int_equal(play.looks, 6);
    fm_mpi_module.abort(9);
    expect_said("abort 9\n");
}

static void test_others_wait_for_rank_0(void **state) {
    (void)state;
    start_as(1, 3);
    assert_true(fm_mpi_module.finish(-1));
    expect_said("send 0 of kind 5 with 0\nreceive 0 of kind 5 with 0\nfinalize\n");
    fm_mpi_module.abort(3);
    expect_said("abort 3\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_bytes_go_in_pieces),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_rank_0_hears_of_failures),
        cmocka_unit_test(test_a_long_failure_is_cut),
        cmocka_unit_test(test_rank_0_ends_last),
        cmocka_unit_test(test_patience_at_the_end),
        cmocka_unit_test(test_others_wait_for_rank_0),
    };
    return cmocka_run_group_tests_name("mpi", tests, NULL, NULL);
}
