// expects: an option that is a Duration .* needs a unit
#include "tutti/reservation.hpp"

void declare(const tutti::ReservationOptions<std::string>& options);
void f() { declare({.name = "n", .window = 60}); }
