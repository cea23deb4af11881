/* Remarks for the user: what a conversion left out or decided. Not errors. */
#ifndef GB_CONVERT_NOTES_H
#define GB_CONVERT_NOTES_H

#include <stdarg.h>
#include <stdio.h>

enum { GB_NOTES = 16, GB_NOTE_SIZE = 256 };

typedef struct gb_notes {
    char text[GB_NOTES][GB_NOTE_SIZE]; /* further ones are dropped: there are fewer kinds */
    size_t count;
} gb_notes;

__attribute__((format(printf, 2, 3))) static inline void gb_note(gb_notes *notes, const char *format, ...) {
    if (notes->count == GB_NOTES) return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(notes->text[notes->count++], GB_NOTE_SIZE, format, args);
    va_end(args);
}

#endif
