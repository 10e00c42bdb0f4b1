// The loads of the fleet's processes: what they bring of the source, and how many there may be.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "simulation/process.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/loader.hpp"

namespace tutti::simulation {

class Fleet;

class FleetLoads {
public:
    explicit FleetLoads(Fleet& fleet) : fleet_(fleet) {}

    void load(Process& process, std::size_t cache, const std::string& key,
              std::function<void(Result<Loaded<Version>>)> done);
    // Within the call, which takes its time.
    Result<LoadedRows> load_now(Process& process, std::size_t cache,
                                std::span<const std::string> keys);
    // Whether one of it blocks its worker now.
    [[nodiscard]] bool blocks(const Process& process) const noexcept {
        return blocked_ == &process;
    }

private:
    void let_pass(Process& process, Duration length);
    [[nodiscard]] Loaded<Version> read_source(const Process& process, std::size_t cache,
                                              std::size_t row);
    void judge(const Process& process, std::size_t cache, std::size_t row);

    Fleet& fleet_;
    Process* blocked_ = nullptr;
};

}  // namespace tutti::simulation
