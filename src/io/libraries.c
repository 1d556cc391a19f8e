#include "libraries.h"

#include <cjson/cJSON.h>
#include <png.h>
#include <stdio.h>
#include <xxhash.h>
#include <zlib.h>

void fm_libraries(char text[FM_LIBRARIES_TEXT]) {
    unsigned hash = XXH_versionNumber(); /* 100 * (100 * major + minor) + patch */
    snprintf(text, FM_LIBRARIES_TEXT, "libpng %s, zlib %s, cJSON %s, xxHash %u.%u.%u", png_get_libpng_ver(NULL), zlibVersion(),
             cJSON_Version(), hash / 10000, hash / 100 % 100, hash % 100);
}
