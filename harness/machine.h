/* Facts about this machine, as this process sees them: what a result must say about where it was made.
 *
 * gb_machine_json() returns a new object (the caller deletes it), NULL without memory. Every key is always there; a
 * fact that cannot be had is the object {"absent": reason}, never a made-up value. */
#ifndef GB_HARNESS_MACHINE_H
#define GB_HARNESS_MACHINE_H

#include <cJSON.h>

/* Keys: cpu_model, microcode, hypervisor (bool), architecture, features (array of names), isas (array of the tiers that
 * can run), logical_cpus, allowed_cpus, caches (array of {level, type, bytes, line, shared_cpus}), memory_bytes,
 * page_bytes, huge_pages, kernel, governor. */
cJSON *gb_machine_json(void);

#endif
