/* Small files of /proc and /sys. root: "" for this machine; tests give a directory that holds their own proc/ and sys/.
 */
#ifndef GB_HARNESS_SYSFS_H
#define GB_HARNESS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* NULL and errno if it cannot be opened. */
FILE *gb_sysfs_open(const char *root, const char *name);

/* First line without its end; false and errno if it cannot be read (ENODATA: it is empty). */
bool gb_sysfs_line(const char *root, const char *name, char *line, size_t size);

/* A file that holds one whole number; false and errno (EINVAL: something else). */
bool gb_sysfs_number(const char *root, const char *name, uint64_t *value);

/* Names in a folder that begin with the prefix, in ascending order, at most `most`; returns how many. */
enum { GB_SYSFS_NAME = 64 };
size_t gb_sysfs_names(const char *root, const char *folder, const char *prefix, char (*names)[GB_SYSFS_NAME],
                      size_t most);

/* Value of the first "key<blanks>: value" line of /proc/cpuinfo. */
bool gb_sysfs_cpuinfo(const char *root, const char *key, char *value, size_t size);

/* Does the CPU say that it is virtual? */
bool gb_sysfs_is_virtual(const char *root);

#endif
