// expects: a duration in JSON is an integer count of
#include <chrono>

#include "tutti/json.hpp"

std::string f(std::chrono::duration<double> duration) { return tutti::json::write(duration); }
