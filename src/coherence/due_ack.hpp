// Which acknowledgement a member owes the bus: everything that it has applied, as soon as that
// reaches what a publication wants to be acknowledged. At most one is under way, and each covers
// all that came before, so a burst of publications costs one for each round trip. Renewals carry
// the same, and count as one.
//
// Thread-safety: none; the node's executor.
#pragma once

#include <algorithm>
#include <optional>

#include "base/rules.hpp"
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
        if (under_way_ || wanted_ <= told_ || applied.epoch != epoch_) return std::nullopt;
        const bool reached = applied.sequence >= wanted_;
        if (!reached && kept(Rule::ack_after_applying)) return std::nullopt;
        under_way_ = true;
        BusPosition position = applied;
        position.sequence = std::max(applied.sequence, wanted_);
        return position;
    }

    // How the one under way ended. One that was lost is made up for by the next renewal.
    void answered(const BusPosition& position, bool taken) {
        under_way_ = false;
        if (taken) told(position);
    }

    // The bus knows that this is applied.
    void told(const BusPosition& position) {
        if (position.epoch == epoch_) told_ = std::max(told_, position.sequence);
    }

    DueAck() = default;

private:
    DueAck(Epoch epoch, bool under_way) : epoch_(epoch), under_way_(under_way) {}

    Epoch epoch_ = Epoch::none;  // of the two sequences
    Sequence wanted_ = 0;
    Sequence told_ = 0;
    bool under_way_ = false;
};

}  // namespace tutti
