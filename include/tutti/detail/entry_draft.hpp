// An entry of a memory tier before it is put.
#pragma once

#include <cstddef>
#include <utility>

#include "tutti/detail/life.hpp"
#include "tutti/detail/reclaim.hpp"

namespace tutti::detail {

// Owns what its words are the address of, until it has been put.
template <class K, class V, class KeyOf, class ValueOf>
struct EntryDraft {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): words are set before they are read
    EntryDraft() noexcept {}  // NOLINT(modernize-use-equals-default): that would fill them
    EntryDraft(const EntryDraft&) = delete;
    EntryDraft& operator=(const EntryDraft&) = delete;
    ~EntryDraft() {
        if (owns_key) delete KeyOf::address(key);
        if (owns_value) delete ValueOf::address(value);
    }

    void set_key(K&& from) {
        key = KeyOf::pack(std::move(from));
        owns_key = true;
    }
    // What the key is, after it was moved from `from`.
    [[nodiscard]] decltype(auto) view(const K& from) const noexcept {
        return KeyOf::view(key, from);
    }
    void set_value(V&& from, std::size_t weighs, const Life& lasts) {
        if (std::exchange(owns_value, false)) delete ValueOf::address(value);
        value = ValueOf::pack(std::move(from));
        owns_value = true;
        weight = weighs;
        life = lasts;
    }
    // What was not put.
    void move_rest_to(RetiredList& out) noexcept {
        if (std::exchange(owns_key, false)) out.push(KeyOf::address(key));
        if (std::exchange(owns_value, false)) out.push(ValueOf::address(value));
    }

    typename KeyOf::Words key;      // once it is set
    typename ValueOf::Words value;  // as well
    bool owns_key = false;
    bool owns_value = false;
    std::size_t weight = 1;
    Life life;
};

}  // namespace tutti::detail
