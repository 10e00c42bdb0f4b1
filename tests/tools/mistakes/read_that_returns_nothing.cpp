// expects: `fn` returns nothing: let it return
#include "tutti/memory_cache.hpp"

// NOLINTNEXTLINE(misc-use-internal-linkage)
void look(tutti::MemoryCache<int, int>& cache, int& seen) {
    cache.read(1, [&](const int& value) { seen = value; });
}
