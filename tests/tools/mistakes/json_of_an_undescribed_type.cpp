// expects: describe it with BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_ENUM
#include "tutti/json.hpp"

struct Opaque {};
std::string f(const Opaque& value) { return tutti::json::write(value); }
