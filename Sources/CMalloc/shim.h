// The heap of the C library, as HeapKeeper tunes it: mallopt(3), malloc_trim(3).
#include <malloc.h>
