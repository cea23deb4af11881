/* What made this program: part of every result. */
#ifndef GB_HARNESS_PROVENANCE_H
#define GB_HARNESS_PROVENANCE_H

typedef struct gb_provenance {
    const char *version;
    const char *commit; /* with "-dirty" if the sources differed from it; "unknown" outside a checkout */
    const char *compiler, *flags;
    const char *build_type;
    const char *sanitize; /* "ON" or "OFF" */
} gb_provenance;

extern const gb_provenance gb_build;

#endif
