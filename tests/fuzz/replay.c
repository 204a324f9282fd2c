// The main of a fuzz target where libFuzzer is not at hand: feeds it every file of the folders
// given as arguments, and of each small file every beginning too, as a cut connection leaves it.
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/mem.h"

#define PREFIXES_OF_MAX 4096 // bytes; of longer files only the whole

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// From a block without a byte to spare, so that AddressSanitizer sees a read behind its end.
static void feed(struct span bytes)
{
    uint8_t *exact = mem_alloc(bytes.len > 0 ? bytes.len : 1);

    if (bytes.len > 0)
        memcpy(exact, bytes.ptr, bytes.len);
    LLVMFuzzerTestOneInput(exact, bytes.len);
    free(exact);
}

static bool read_file(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file)
        return false;
    buffer_clear(out);
    do {
        n = fread(buffer_reserve(out, 4096), 1, 4096, file);
        out->len += n;
    } while (n > 0);
    bool ok = !ferror(file);
    fclose(file);
    return ok;
}

static bool replay_file(const char *path)
{
    struct buffer content = {0};
    bool ok = read_file(path, &content);

    if (!ok)
        fprintf(stderr, "cannot read %s\n", path);
    else
        feed(buffer_span(&content));
    if (ok && content.len <= PREFIXES_OF_MAX)
        for (size_t len = 0; len < content.len; len++)
            feed((struct span){content.ptr, len});
    buffer_fini(&content);
    return ok;
}

// Returns how many files were fed, or -1.
static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;

    if (!dir) {
        perror(folder);
        return -1;
    }
    while (count >= 0 && (entry = readdir(dir))) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        count = replay_file(path) ? count + 1 : -1;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    if (total == 0) {
        fprintf(stderr, "usage: %s FOLDER... with at least one file\n", argv[0]);
        return 1;
    }
    printf("%d files\n", total);
    return 0;
}
