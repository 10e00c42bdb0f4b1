// expects: deleted function
#include "tutti/lookup.hpp"

tutti::Result<tutti::Lookup<int>> get();
const int* f() { return get().get_if(); }
