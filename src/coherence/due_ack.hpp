// Which acknowledgement a member owes the bus: everything that it has applied, as soon as that
// reaches what a publication wants to be acknowledged. At most one is under way, and each covers
// all that came before, so a burst of publications costs one for each round trip. Renewals carry
// the same, and count as one.
//
// Thread-safety: none; the node's executor.
#pragma once

#include <algorithm>
#include <optional>

#include "tutti/bus.hpp"

namespace tutti {

class DueAck {
public:
    // Of an epoch that is not ours yet: a member that adopts it acknowledges what it adopts.
    void want(Epoch epoch, Sequence sequence) {
        if (epoch != epoch_) *this = DueAck{epoch, under_way_};
        wanted_ = std::max(wanted_, sequence);
    }

    // What is to be sent now, when this is applied. It is under way from here on.
    [[nodiscard]] std::optional<BusPosition> take(const BusPosition& applied) {
        if (under_way_ || wanted_ <= acknowledged_ || applied.epoch != epoch_) return std::nullopt;
        if (applied.sequence < wanted_) return std::nullopt;
        under_way_ = true;
        return applied;
    }

    // How the one under way ended. One that was lost is made up for by the next renewal.
    void answered(const BusPosition& position, bool taken) {
        under_way_ = false;
        if (taken) acknowledged(position);
    }

    // The bus knows that this is applied.
    void acknowledged(const BusPosition& position) {
        if (position.epoch == epoch_) acknowledged_ = std::max(acknowledged_, position.sequence);
    }

    DueAck() = default;

private:
    DueAck(Epoch epoch, bool under_way) : epoch_(epoch), under_way_(under_way) {}

    Epoch epoch_ = Epoch::none;  // of the two sequences
    Sequence wanted_ = 0;
    Sequence acknowledged_ = 0;
    bool under_way_ = false;
};

}  // namespace tutti
