// expects: a time point in JSON is one of std::chrono::system_clock
#include <chrono>

#include "tutti/json.hpp"

std::string f(std::chrono::steady_clock::time_point time) { return tutti::json::write(time); }
