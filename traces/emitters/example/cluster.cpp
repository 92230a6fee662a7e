// A leader and two followers in one process, to show redoraft_trace.hpp under threads.
//
//     cluster DIR [LOCK]     writes DIR/n1.ndjson, n2.ndjson and n3.ndjson, over what was there; LOCK (fsync,
//                            receive or write) is the lock that is left out.
//     Exit 0, 1 if a file could not be written or no majority came within 10 s, 2 for wrong words.
//
// Every node has its own mutex and several threads: one receives, one flushes, and at the leader two clients
// write.  Each step and its event stand under the mutex.  Values are atomic, so that without a lock the
// program is still a defined one, only wrong.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../redoraft_trace.hpp"

namespace {

using Lsn = std::uint64_t;
constexpr Lsn kStart = 8204, kMtr = 16, kMeta = 33;
constexpr std::uint64_t kTerm = 1;
constexpr int kClients = 2, kCommits = 12;
constexpr auto kPatience = std::chrono::seconds(10);  // for the first majority; it takes milliseconds

std::string left_out;
std::atomic<bool> stopping{false};
std::atomic<std::uint64_t> messages{0};

// Where another thread would come in if nothing kept it out.
void linger() { std::this_thread::sleep_for(std::chrono::microseconds(300)); }

struct Message {
    std::string id, from;
    Lsn upto, majority;
};

struct Node {
    std::string name;
    redoraft::TraceFile trace;
    std::mutex lock;
    std::atomic<Lsn> last{kStart}, flushed{kStart}, majority{kStart};
    std::mutex inbox_lock;
    std::condition_variable arrived;
    std::deque<Message> inbox;

    Node(const std::string& folder, std::string called, const redoraft::Header& header)
        : name(std::move(called)), trace(folder + "/" + name + ".ndjson", header) {}

    std::unique_lock<std::mutex> guard(const std::string& what) {
        return what == left_out ? std::unique_lock<std::mutex>() : std::unique_lock<std::mutex>(lock);
    }

    redoraft::Event event(const std::string& action) {
        redoraft::Event made = trace.event(name, action);
        made.var("term", kTerm).var("last_lsn", last).var("flushed_lsn", flushed).var("majority_lsn", majority);
        return made;
    }

    void deliver(Message message) {
        const std::lock_guard<std::mutex> held(inbox_lock);
        inbox.push_back(std::move(message));
        arrived.notify_one();
    }

    bool receive(Message& message) {
        std::unique_lock<std::mutex> held(inbox_lock);
        arrived.wait_for(held, std::chrono::milliseconds(5), [this] { return !inbox.empty(); });
        if (inbox.empty()) return false;
        message = inbox.front();
        inbox.pop_front();
        return true;
    }
};

std::string new_message() { return "m" + std::to_string(++messages); }

class Cluster {
  public:
    explicit Cluster(const std::string& folder) {
        redoraft::Header header;
        header.data_nodes = {"n1", "n2"};
        header.log_nodes = {"n3"};
        header.hidden = {"Recover", "Apply"};
        header.source = "traces/emitters/example/cluster.cpp";
        for (const char* name : {"n1", "n2", "n3"}) nodes_.push_back(std::make_unique<Node>(folder, name, header));
    }

    bool run() {
        elect();
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            threads.emplace_back([this, i] { flush(*nodes_[i], i > 0); });
            threads.emplace_back([this, i] { i > 0 ? follow(*nodes_[i]) : lead(); });
        }
        std::vector<std::thread> clients;
        for (int i = 0; i < kClients; ++i) clients.emplace_back([this] { write(); });
        for (auto& client : clients) client.join();
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        stopping = true;
        for (auto& thread : threads) thread.join();
        if (gave_up_) throw std::runtime_error("the term's marker was on no majority within 10 s: nothing was written");
        return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->trace.good(); });
    }

  private:
    Node& leader() { return *nodes_[0]; }

    void elect() {
        const std::string ask[] = {new_message(), new_message()}, grant[] = {new_message(), new_message()};
        leader().event("StartElection").sent(ask[0]).sent(ask[1]).var("role", "candidate");
        for (std::size_t i = 1; i < nodes_.size(); ++i) {
            nodes_[i]->event("UpdateTerm").arg("term", kTerm).received(ask[i - 1]);
            nodes_[i]->event("GrantVote").arg("candidate", "n1").arg("term", kTerm).sent(grant[i - 1]);
        }
        leader().last = kStart + kMeta;
        closed_ = leader().last.load();
        leader().event("BecomeLeader").arg("end_lsn", leader().last).var("role", "leader").received(grant[0]);
        send();
    }

    // Whole entries up to the end of the log, to everybody; under the leader's lock.
    void send() {
        for (std::size_t i = 1; i < nodes_.size(); ++i) {
            nodes_[i]->deliver({new_message(), "n1", closed_, leader().majority});
        }
    }

    // The marker of the term must be on a majority before anything else is written.
    bool serves() {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (leader().majority == kStart) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    void write() {
        if (!serves()) {
            gave_up_ = true;
            return;
        }
        for (int commit = 0; commit < kCommits; ++commit) {
            {
                const auto held = leader().guard("write");
                leader().last += kMtr;
                linger();
                leader().event("WriteMtr").arg("end_lsn", leader().last);
                leader().last += kMeta;
                linger();
                leader().event("CloseEntry").arg("end_lsn", leader().last);
                closed_ = leader().last.load();
                send();
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    void flush(Node& node, bool acknowledges) {
        while (!stopping) {
            {
                const auto held = node.guard("fsync");
                const Lsn upto = node.last;
                if (upto > node.flushed) {
                    node.flushed = upto;
                    linger();
                    node.event("Fsync").arg("lsn", upto);
                    if (acknowledges) {
                        const std::string id = new_message();
                        node.event("Acknowledge").arg("lsn", upto).sent(id);
                        leader().deliver({id, node.name, upto, 0});
                    }
                }
            }
            std::this_thread::sleep_for(std::chrono::microseconds(500));
        }
    }

    void follow(Node& node) {
        Message message;
        while (!stopping) {
            if (!node.receive(message)) continue;
            const auto held = node.guard("receive");
            if (message.upto > node.last) node.last = message.upto;
            linger();
            if (message.majority > node.majority) node.majority = message.majority;
            node.event("AppendEntries")
                .arg("term", kTerm)
                .arg("upto_lsn", message.upto)
                .arg("majority_lsn", message.majority);
        }
    }

    // An acknowledgement that comes before the leader's own fsync is kept until that: nobody sends it again.
    void lead() {
        Message message, furthest{"", "", kStart, 0};
        while (!stopping) {
            if (leader().receive(message) && message.upto > furthest.upto) furthest = message;
            const auto held = leader().guard("receive");
            // With the leader's own disk one follower makes the majority of three.
            if (furthest.upto > leader().majority && furthest.upto <= leader().flushed) {
                leader().majority = furthest.upto;
                leader().event("AdvanceMajority").arg("lsn", furthest.upto).received(furthest.id);
                send();
            }
        }
    }

    std::vector<std::unique_ptr<Node>> nodes_;
    std::atomic<Lsn> closed_{kStart};  // where the leader's last whole entry ends
    std::atomic<bool> gave_up_{false};
};

}  // namespace

int main(int count, char** words) {
    if (count < 2 || count > 3) {
        std::cerr << "usage: cluster DIR [fsync|receive|write]\n";
        return 2;
    }
    left_out = count == 3 ? words[2] : "";
    try {
        std::filesystem::create_directories(words[1]);
        return Cluster(words[1]).run() ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "cluster: " << error.what() << '\n';
        return 1;
    }
}
