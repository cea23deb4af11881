/* A folder with a proc/ and sys/ of the test's own. */
#ifndef TESTS_SUPPORT_FAKE_ROOT_H
#define TESTS_SUPPORT_FAKE_ROOT_H

extern char fake_root[64];

/* As the fixture of a test case. */
void fake_root_enter(void);
void fake_root_leave(void);
/* Writes "/sys/..." with the folders above it; an older file is replaced. */
void fake_root_put(const char *path, const char *text);
/* Makes it unreadable, or whatever the mode says. */
void fake_root_mode(const char *path, unsigned mode);

#endif
