/* Atomic files: the old content or the new one, whatever fails. Only regular files of a sane size
 * are read. */
#include "atomic_file.h"
#include "bytes.h"
#include "digest.h"
#include "storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], file[96], other[96];
static fm_error err;

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/fm-file-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(file, sizeof file, "%s/a", folder);
    snprintf(other, sizeof other, "%s/b", folder);
    return 0;
}

/* Names in the folder; none may be a temporary file. */
static int entries(void) {
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (strstr(e->d_name, ".tmp")) fail_msg("%s was left behind", e->d_name);
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(d);
    return n;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(file);
    unlink(other);
    return rmdir(folder);
}

static void expect_content(const char *path, const char *text) {
    fm_file f;
    assert_true(fm_file_read(path, &f, &err));
    assert_int_equal(f.size, strlen(text));
    assert_memory_equal(f.bytes, text, f.size);
    fm_file_release(&f);
    fm_file_release(&f);
}

static void expect_failure(bool ok, const char *part) {
    assert_false(ok);
    if (!strstr(err.text, part)) fail_msg("expected \"%s\", found \"%s\"", part, err.text);
}

static void test_write(void **state) {
    (void)state;
    assert_true(fm_file_write(file, "old", 3, &err));
    assert_true(fm_file_write(file, "newer", 5, &err));
    expect_content(file, "newer");
    assert_true(fm_file_append(file, "+", 1, &err));
    assert_true(fm_file_sync(file, &err));
    expect_content(file, "newer+");
    assert_true(fm_file_write(file, "", 0, &err));
    expect_content(file, "");
    assert_int_equal(entries(), 1);
}

static void test_parts(void **state) {
    (void)state;
    enum { N = 200000 };
    char *text = malloc(N + 1);
    for (size_t i = 0; i < N; i++) text[i] = (char)('a' + i % 23);
    text[N] = 0;
    static const size_t sizes[] = {1, 7, 65535, 65536, 65537, 3};
    fm_writer *w = fm_writer_open(file, &err);
    assert_non_null(w);
    for (size_t at = 0, i = 0; at < N; i++) {
        size_t n = sizes[i % 6] < N - at ? sizes[i % 6] : N - at;
        assert_true(fm_writer_put(w, text + at, n, &err));
        at += n;
    }
    assert_true(fm_writer_close(w, &err));
    expect_content(file, text);
    free(text);
}

static void test_failures_keep_the_old(void **state) {
    (void)state;
    static const char big[100000] = {0};
    assert_true(fm_file_write(file, "old", 3, &err));
    fm_writer *w = fm_writer_open(file, &err);
    assert_true(fm_writer_put(w, big, sizeof big, &err));
    fm_writer_abandon(w);
    fm_writer_abandon(NULL);
    expect_content(file, "old");
    assert_int_equal(entries(), 1);
    signal(SIGXFSZ, SIG_IGN); /* a disk that fills up: writes beyond the limit fail */
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){1000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    bool large = fm_file_write(file, big, sizeof big, &err);
    fm_error large_err = err;
    bool buffered = fm_file_write(file, big, 2000, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    expect_failure(buffered, "a: cannot write: File too large");
    err = large_err;
    expect_failure(large, "a: cannot write: File too large");
    expect_content(file, "old");
    assert_int_equal(entries(), 1);
    mkdir(other, 0777);
    expect_failure(fm_file_write(other, "x", 1, &err), "b: cannot write: is a folder");
    rmdir(other);
    assert_int_equal(entries(), 1);
}

static void test_targets(void **state) {
    (void)state;
    expect_failure(fm_file_write("/dev/null", "x", 1, &err), "/dev/null: cannot write: is not a regular file");
    char missing[128];
    snprintf(missing, sizeof missing, "%s/no/x", folder);
    expect_failure(fm_file_write(missing, "x", 1, &err), "no/x: cannot write: No such file");
    expect_failure(fm_file_append(missing, "x", 1, &err), "no/x: cannot append: No such file");
    assert_true(fm_file_write(file, "1", 1, &err));
    unlink(other);
    assert_int_equal(symlink("a", other), 0);
    assert_true(fm_file_write(other, "2", 1, &err)); /* through the link */
    expect_content(file, "2");
    struct stat st;
    assert_int_equal(lstat(other, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    unlink(other);
    char name[NAME_MAX + 2], longest[NAME_MAX + 80];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = 0;
    snprintf(longest, sizeof longest, "%s/%s", folder, name); /* the temporary name must not be longer than the target's */
    assert_true(fm_file_write(longest, "3", 1, &err));
    unlink(longest);
}

static void test_reads(void **state) {
    (void)state;
    fm_file f;
    expect_failure(fm_file_read("/no/such", &f, &err), "/no/such: cannot read: No such file");
    assert_null(f.bytes);
    expect_failure(fm_file_read(folder, &f, &err), ": is a folder");
    expect_failure(fm_file_read("/dev/zero", &f, &err), "is not a regular file");
    assert_int_equal(mkfifo(other, 0666), 0);
    expect_failure(fm_file_read(other, &f, &err), "is not a regular file"); /* and does not wait for a writer */
    unlink(other);
    assert_int_equal(symlink("b", other), 0);
    expect_failure(fm_file_read(other, &f, &err), "cannot read: Too many levels");
    unlink(other);
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0666);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0); /* a sparse file of 1 TiB */
    close(fd);
    expect_failure(fm_file_read(file, &f, &err), "is 1099511627776 bytes long, over the limit");
    fm_set_memory_limit(1000);
    assert_int_equal(truncate(file, 1001), 0);
    expect_failure(fm_file_read(file, &f, &err), "is 1001 bytes long, over the limit of 1000");
    expect_failure(fm_file_read_at_most(file, 999, &f, &err), "is 1001 bytes long, over the limit of 999");
    fm_set_memory_limit(0);
}

static void test_folders(void **state) {
    (void)state;
    bool exists;
    assert_true(fm_folder_new(other, &exists, &err));
    assert_false(fm_folder_new(other, &exists, &err));
    assert_true(exists);
    rmdir(other);
    assert_false(fm_folder_new("/no/such/folder", &exists, &err));
    assert_false(exists);
}

static void test_digest(void **state) {
    (void)state;
    char a[FM_DIGEST_TEXT], b[FM_DIGEST_TEXT];
    fm_digest("", 0, a);
    assert_string_equal(a, "2d06800538d394c2"); /* XXH3's published value for nothing, seed 0 */
    char *text = calloc(1, 100000);
    assert_true(fm_file_write(file, text, 100000, &err));
    fm_digest(text, 100000, a);
    assert_true(fm_digest_file(file, UINT64_MAX, b, &err));
    assert_string_equal(a, b);
    text[99999] = 1;
    fm_digest(text, 100000, b);
    assert_string_not_equal(a, b);
    free(text);
    expect_failure(fm_digest_file("/no/such", UINT64_MAX, a, &err), "/no/such: cannot read");
    expect_failure(fm_digest_file(folder, UINT64_MAX, a, &err), ": is a folder");
    expect_failure(fm_digest_file("/dev/zero", UINT64_MAX, a, &err), "/dev/zero: is not a regular file");
    expect_failure(fm_digest_file(file, 99999, a, &err), "is 100000 bytes long, over the limit of 99999");
    unlink(other);
    assert_int_equal(mkfifo(other, 0666), 0);
    expect_failure(fm_digest_file(other, UINT64_MAX, a, &err), ": is not a regular file");
    unlink(other);
    if (access("/proc/self/status", R_OK) == 0) { /* of size 0, whatever it holds: nothing of it is read */
        fm_digest("", 0, a);
        assert_true(fm_digest_file("/proc/self/status", UINT64_MAX, b, &err));
        assert_string_equal(a, b);
    }
}

static void test_messages(void **state) {
    (void)state;
    char shown[FM_QUOTE_TEXT], path[1000];
    assert_string_equal(fm_quote("a\n\x1b[1m\"\xC3\xA9\xFF", 10, shown), "\"a\\x0a\\x1b[1m\\x22\xC3\xA9\\xff\"");
    memset(path, 'p', sizeof path);
    assert_int_equal(strlen(fm_quote(path, sizeof path, shown)), 64 + 5);
    memset(path, 1, 64);
    assert_int_equal(strlen(fm_quote(path, 64, shown)), 4 * 64 + 2);
    memset(path, 'p', sizeof path);
    path[998] = '\n';
    path[999] = 0;
    fm_fail(&err, "problem");
    fm_fail_in(&err, path);
    assert_non_null(strstr(err.text, "ppp?: problem"));
    assert_memory_equal(err.text, "...ppp", 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),   cmocka_unit_test(test_parts),    cmocka_unit_test(test_failures_keep_the_old),
        cmocka_unit_test(test_targets), cmocka_unit_test(test_reads),    cmocka_unit_test(test_folders),
        cmocka_unit_test(test_digest),  cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests_name("io_file", tests, make_folder, remove_folder);
}
