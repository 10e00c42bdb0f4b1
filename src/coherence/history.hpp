// The chains of the last positions that were applied, so that a late duplicate and a renewal that a
// push has overtaken can be told from another history.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "tutti/bus.hpp"

namespace tutti {

class History {
public:
    static constexpr std::size_t length = 1024;

    void remember(Sequence sequence, Chain chain) noexcept {
        slots_[sequence % length] = {sequence, chain, true};
    }
    // nullopt: never seen, or forgotten.
    [[nodiscard]] std::optional<Chain> chain_at(Sequence sequence) const noexcept {
        const Slot& slot = slots_[sequence % length];
        if (!slot.used || slot.sequence != sequence) return std::nullopt;
        return slot.chain;
    }
    void forget_all() noexcept { slots_ = {}; }

private:
    struct Slot {
        Sequence sequence = 0;
        Chain chain{};
        bool used = false;
    };
    std::array<Slot, length> slots_{};
};

}  // namespace tutti
