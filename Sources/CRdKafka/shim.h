#pragma once
#include <librdkafka/rdkafka.h>
#if defined(__GLIBC__)
/* malloc_trim: what librdkafka fetched ahead is given back to the system. */
#include <malloc.h>
#endif
