#include "tutti/testing/faulty_store.hpp"

#include <utility>

#include "testing/faulty_calls.hpp"

namespace tutti::testing {

FaultyStore::FaultyStore(Store& inner, Executor& executor, const Clock& clock, Link& link)
    : inner_(inner), calls_(std::make_shared<FaultyCalls>(executor, clock, link)) {}

FaultyStore::~FaultyStore() { calls_->close(); }

void FaultyStore::get(std::string key, TimePoint deadline,
                      Completion<std::optional<std::string>> done) {
    const OperationCall what{.operation = Operation::get, .subject = key};
    auto send = [&inner = inner_, key](Completion<std::optional<std::string>> replied) {
        inner.get(key, TimePoint::max(), std::move(replied));
    };
    calls_->run(what, deadline, std::move(done), std::move(send));
}

void FaultyStore::put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                      Completion<bool> done) {
    const OperationCall what{.operation = Operation::put, .subject = key};
    auto send = [&inner = inner_, key, value = std::move(value),
                 options](Completion<bool> replied) mutable {
        inner.put(key, std::move(value), options, TimePoint::max(), std::move(replied));
    };
    calls_->run(what, deadline, std::move(done), std::move(send));
}

void FaultyStore::erase(std::string key, TimePoint deadline, Completion<bool> done) {
    const OperationCall what{.operation = Operation::erase, .subject = key};
    auto send = [&inner = inner_, key](Completion<bool> replied) {
        inner.erase(key, TimePoint::max(), std::move(replied));
    };
    calls_->run(what, deadline, std::move(done), std::move(send));
}

void FaultyStore::erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                 Completion<bool> done) {
    const OperationCall what{.operation = Operation::erase_if_equal, .subject = key};
    auto send = [&inner = inner_, key,
                 expected = std::move(expected)](Completion<bool> replied) mutable {
        inner.erase_if_equal(key, std::move(expected), TimePoint::max(), std::move(replied));
    };
    calls_->run(what, deadline, std::move(done), std::move(send));
}

}  // namespace tutti::testing
