// Objects side by side, as many as are said when it is made. They need not be movable.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace tutti::detail {

template <class T>
class FixedArray {
public:
    // Each is made of the same arguments.
    template <class... Args>
    explicit FixedArray(std::size_t count, Args&... args) : memory_(allocate(count)) {
        for (; count_ < count; ++count_) new (memory_.get() + count_) T(args...);
    }
    ~FixedArray() { clear(); }
    FixedArray(const FixedArray&) = delete;
    FixedArray& operator=(const FixedArray&) = delete;

    void clear() noexcept {
        while (count_ > 0) std::destroy_at(memory_.get() + --count_);
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] T& operator[](std::size_t place) const noexcept { return memory_.get()[place]; }
    [[nodiscard]] T* begin() const noexcept { return memory_.get(); }
    [[nodiscard]] T* end() const noexcept { return memory_.get() + count_; }

private:
    struct Free {
        void operator()(T* memory) const noexcept {
            ::operator delete(memory, std::align_val_t{alignof(T)});
        }
    };
    [[nodiscard]] static T* allocate(std::size_t count) {
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{alignof(T)}));
    }

    std::unique_ptr<T, Free> memory_;
    std::size_t count_ = 0;
};

}  // namespace tutti::detail
