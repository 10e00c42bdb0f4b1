// Two kinds of "nothing" that a JSON contract distinguishes: a `std::optional` member is left out
// when it is empty, a `Nullable` member is there and null. Both read a missing member and null as
// empty.
#pragma once

#include <optional>

namespace tutti::json {

template <class T>
struct Nullable : std::optional<T> {
    using std::optional<T>::optional;
};

// std::optional's own comparisons are ambiguous between two derived objects; they stay for all
// else.
template <class T>
bool operator==(const Nullable<T>& a, const Nullable<T>& b) {
    return a.has_value() == b.has_value() && (!a || *a == *b);
}

}  // namespace tutti::json
