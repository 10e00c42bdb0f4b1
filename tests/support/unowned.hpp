// For objects that a test owns, where the library takes shared ownership.
#pragma once

#include <memory>

namespace tests {

template <class T>
std::shared_ptr<T> unowned(T& object) {
    return {std::shared_ptr<void>(), &object};
}

}  // namespace tests
