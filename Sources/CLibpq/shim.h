#include <libpq-fe.h>
#include <sys/eventfd.h> // missing from Swift's Glibc
