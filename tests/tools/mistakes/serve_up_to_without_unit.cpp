// expects: an option that is a Duration .* needs a unit
#include "tutti/options.hpp"

tutti::OnSuspect f() { return tutti::OnSuspect::serve_up_to(30); }
