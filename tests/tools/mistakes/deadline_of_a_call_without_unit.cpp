// expects: an option that is a Duration .* needs a unit
#include <string>

#include "tutti/node.hpp"

void f(const tutti::Local<std::string, int>& cache) { (void)cache.get("key", {.deadline = 2}); }
