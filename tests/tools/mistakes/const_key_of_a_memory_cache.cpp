// expects: a memory cache's key K and value V are plain types
#include <string>

#include "tutti/memory_cache.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void keep(tutti::MemoryCache<const std::string, int>& cache) { (void)cache.get("k"); }
