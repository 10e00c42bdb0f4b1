// A child process that is talked to in lines. Started without a shell; killed and reaped with the
// object. Everything blocks, and throws std::runtime_error when the process does not do as expected
// in time.
//
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace tests {

class LineProcess {
public:
    explicit LineProcess(const std::vector<std::string>& command);
    ~LineProcess();
    LineProcess(const LineProcess&) = delete;
    LineProcess& operator=(const LineProcess&) = delete;

    void write(const std::string& line);
    // The next line of its standard output, without the end.
    std::string read(std::chrono::milliseconds limit = std::chrono::seconds{20});

private:
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string pending_;
};

}  // namespace tests
