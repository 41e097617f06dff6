// libzip, as ZipArchive uses it: https://libzip.org/documentation/libzip.html
#include <zip.h>
