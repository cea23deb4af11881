#include "convert/checkpoint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert/path.h"
#include "harness/alloc.h"

enum { MAX_FILES = 4096, MAX_INDEX = 32 << 20 };

typedef struct name_list {
    char *names[MAX_FILES];
    size_t count;
} name_list;

/* Enters a file name unless it is there. Names come from the index, which is hostile: no way out of the directory. */
static int add_name(name_list *list, const char *dir, const char *name, gb_error *err) {
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/'))
        return gb_fail(err, GB_EINPUT, "%s: '%.128s' is no name of a file in this directory", dir, name);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0) return GB_OK;
    if (list->count == MAX_FILES) return gb_fail(err, GB_EINPUT, "%s: more than %d files", dir, MAX_FILES);
    list->names[list->count] = strdup(name);
    if (!list->names[list->count]) return gb_fail(err, GB_ESYSTEM, "%s: out of memory", dir);
    list->count++;
    return GB_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_of_index(const gb_json *index, const char *dir, name_list *list, gb_error *err) {
    const cJSON *map = gb_json_find(index->root, "weight_map");
    if (!cJSON_IsObject(map)) return gb_fail(err, GB_EINPUT, "%s: 'weight_map' is no object", index->path);
    int rc = GB_OK;
    for (const cJSON *m = map->child; !rc && m; m = m->next) {
        if (cJSON_IsString(m))
            rc = add_name(list, dir, m->valuestring, err);
        else
            rc = gb_fail(err, GB_EINPUT, "%s: tensor '%.96s': %s, expected the name of a file", index->path, m->string,
                         gb_json_kind(m));
    }
    return rc;
}

/* model*.safetensors, for sets that came without their index. */
static int names_of_directory(const char *dir, name_list *list, gb_error *err) {
    DIR *d = opendir(dir);
    if (!d) return gb_fail(err, GB_EINPUT, "%s: cannot read the directory", dir);
    static const char tail[] = ".safetensors";
    int rc = GB_OK;
    for (const struct dirent *e = NULL; !rc && (e = readdir(d));) {
        const size_t n = strlen(e->d_name);
        if (strncmp(e->d_name, "model", 5) == 0 && n > sizeof tail &&
            strcmp(e->d_name + n - sizeof tail + 1, tail) == 0)
            rc = add_name(list, dir, e->d_name, err);
    }
    (void)closedir(d);
    if (!rc && !list->count)
        rc = gb_fail(err, GB_EINPUT, "%s: no model.safetensors and no model-*.safetensors here", dir);
    return rc;
}

static int open_files(gb_checkpoint *c, const char *dir, name_list *list, gb_error *err) {
    qsort(list->names, list->count, sizeof *list->names, by_text);
    c->files = gb_new(list->count, sizeof *c->files, "files of a model", err);
    int rc = c->files ? GB_OK : GB_ESYSTEM;
    for (size_t i = 0; !rc && i < list->count; i++) {
        char path[GB_PATH_SIZE];
        rc = gb_path_join(dir, list->names[i], path, err);
        if (!rc) rc = gb_safetensors_open(path, &c->files[i], err);
        if (!rc) c->file_count++;
    }
    return rc;
}

static int by_entry_name(const void *a, const void *b) {
    const gb_entry *x = a;
    const gb_entry *y = b;
    return strcmp(x->t->name, y->t->name);
}

static int index_entries(gb_checkpoint *c, gb_error *err) {
    size_t total = 0;
    for (size_t i = 0; i < c->file_count; i++) total += c->files[i].count;
    c->entries = gb_new(total, sizeof *c->entries, "tensors of a model", err);
    if (!c->entries) return GB_ESYSTEM;
    for (size_t i = 0; i < c->file_count; i++)
        for (size_t j = 0; j < c->files[i].count; j++)
            c->entries[c->count++] = (gb_entry){.t = &c->files[i].tensors[j], .file = &c->files[i]};
    qsort(c->entries, c->count, sizeof *c->entries, by_entry_name);
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->entries[i - 1].t->name, c->entries[i].t->name) == 0)
            return gb_fail(err, GB_EINPUT, "tensor '%.96s' is in %s and in %s", c->entries[i].t->name,
                           c->entries[i - 1].file->path, c->entries[i].file->path);
    return GB_OK;
}

gb_entry *gb_checkpoint_find(const gb_checkpoint *c, const char *name) {
    const gb_st_tensor wanted = {.name = name};
    const gb_entry key = {.t = &wanted};
    return c->count ? bsearch(&key, c->entries, c->count, sizeof *c->entries, by_entry_name) : NULL;
}

/* The index and the files must say the same. */
static int check_index(gb_checkpoint *c, const gb_json *index, gb_error *err) {
    for (const cJSON *m = gb_json_find(index->root, "weight_map")->child; m; m = m->next) {
        gb_entry *e = gb_checkpoint_find(c, m->string);
        const char *base = e ? strrchr(e->file->path, '/') : NULL;
        if (!e || strcmp(base ? base + 1 : e->file->path, m->valuestring) != 0)
            return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' is not in %.128s", index->path, m->string,
                           m->valuestring);
        e->used = true;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (!c->entries[i].used)
            return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' of %s is not listed", index->path, c->entries[i].t->name,
                           c->entries[i].file->path);
        c->entries[i].used = false;
    }
    return GB_OK;
}

static int open_directory(const char *dir, gb_checkpoint *c, gb_error *err) {
    char index_path[GB_PATH_SIZE];
    char single[GB_PATH_SIZE];
    gb_json index = {0};
    name_list *list = gb_new(1, sizeof *list, "files of a model", err);
    if (!list) return GB_ESYSTEM;
    int rc = gb_path_join(dir, "model.safetensors.index.json", index_path, err);
    if (!rc) rc = gb_path_join(dir, "model.safetensors", single, err);
    const bool indexed = !rc && access(index_path, F_OK) == 0;
    if (!rc && indexed) rc = gb_json_open(index_path, MAX_INDEX, &index, err);
    if (!rc && indexed)
        rc = names_of_index(&index, dir, list, err);
    else if (!rc && access(single, F_OK) == 0)
        rc = add_name(list, dir, "model.safetensors", err);
    else if (!rc)
        rc = names_of_directory(dir, list, err);
    if (!rc) rc = open_files(c, dir, list, err);
    if (!rc) rc = index_entries(c, err);
    if (!rc && indexed) rc = check_index(c, &index, err);
    gb_json_close(&index);
    for (size_t i = 0; i < list->count; i++) free(list->names[i]);
    free(list);
    return rc;
}

static int open_single(const char *path, gb_checkpoint *c, gb_error *err) {
    c->files = gb_new(1, sizeof *c->files, "files of a model", err);
    int rc = c->files ? gb_safetensors_open(path, &c->files[0], err) : GB_ESYSTEM;
    c->file_count = rc ? 0 : 1;
    return rc ? rc : index_entries(c, err);
}

int gb_checkpoint_open(const char *path, bool directory, gb_checkpoint *out, gb_error *err) {
    *out = (gb_checkpoint){0};
    const int rc = directory ? open_directory(path, out, err) : open_single(path, out, err);
    if (rc) gb_checkpoint_close(out);
    return rc;
}

void gb_checkpoint_close(gb_checkpoint *c) {
    for (size_t i = 0; i < c->file_count; i++) gb_safetensors_close(&c->files[i]);
    free(c->files);
    free(c->entries);
    *c = (gb_checkpoint){0};
}
