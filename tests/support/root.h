/* Root without what makes it root to files: nothing is unreadable or protected from it otherwise. */
#ifndef GB_TESTS_ROOT_H
#define GB_TESTS_ROOT_H

/* Permission bits count for this thread from now on, also if it is root's. The user stays the same: another one might
 * not reach a folder of root's. */
void obey_permissions(void);

/* As before. */
void ignore_permissions_again(void);

#endif
