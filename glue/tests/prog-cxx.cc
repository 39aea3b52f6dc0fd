// SPDX-License-Identifier: GPL-2.0-only
//
// Exceptions, threads, futures, and destructors of thread-local objects.
#include <atomic>
#include <cstdio>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

static std::atomic<int> destroyed;

struct Local {
	~Local() { destroyed++; }
	int x = 0;
};
static thread_local Local local;

static int deep(int n)
{
	std::string s(n, 'x');

	if (n == 0) {
		if (write(-1, "x", 1) < 0)
			throw std::system_error(errno, std::generic_category(), "write");
	}
	return deep(n - 1) + s.size();
}

static int work(int n)
{
	int caught = 0;

	local.x = n;
	for (int i = 0; i < 100; i++) {
		try {
			deep(i % 10);
		} catch (const std::system_error &e) {
			caught += e.code().value() == EBADF;
		}
	}
	return caught;
}

int main()
{
	std::vector<std::future<int>> f;
	int sum = 0;

	for (int i = 0; i < 16; i++)
		f.push_back(std::async(std::launch::async, work, i));
	for (auto &x : f)
		sum += x.get();
	f.clear();
	auto t = std::async(std::launch::async, []() -> int { throw std::runtime_error("far"); });
	try {
		t.get();
	} catch (const std::runtime_error &e) {
		std::printf("%s ", e.what());
	}
	std::printf("%d %d\n", sum, destroyed.load());
	return sum == 1600 ? 0 : 1;
}
