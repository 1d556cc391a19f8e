/* Which versions of the libraries the readers and writers use at run time. */
#ifndef FM_LIBRARIES_H
#define FM_LIBRARIES_H

enum { FM_LIBRARIES_TEXT = 160 };

/* "libpng 1.6.39, zlib 1.2.13, cJSON 1.7.15, xxHash 0.8.1" */
void fm_libraries(char text[FM_LIBRARIES_TEXT]);

#endif
