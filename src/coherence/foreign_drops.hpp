// Takes what foreign programs changed out of the store, so that no node refills its memory from
// there.
//
// Such a change cannot be replayed and is known to no node but those that heard of it: each of
// them drops it, which is the same however often it happens. Until the store has confirmed, its
// gate is closed: the caches of the channel ask the source. What fails is tried again, as
// "everything".
//
// Thread-safety: none; everything runs on the node's executor.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/store_gate.hpp"
#include "tutti/bus.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"

namespace tutti {

class ForeignDrops : public std::enable_shared_from_this<ForeignDrops> {
public:
    struct Options {
        std::string channel;
        std::shared_ptr<StoreGate> gate;
        Duration command_deadline{};
    };

    ForeignDrops(Options options, std::shared_ptr<Store> store, const Clock& clock,
                 Executor& executor, Log log);

    void drop(const KeySet& changed);
    void close();

private:
    void send();
    void answered(const Result<void>& answer);

    const Options options_;
    const std::shared_ptr<Store> store_;
    const Clock& clock_;
    Executor& executor_;
    const Log log_;
    KeySet pending_;
    bool sending_ = false;
    bool closed_ = false;
    Executor::TimerId retry_ = Executor::TimerId::none;
};

}  // namespace tutti
