// SPDX-License-Identifier: GPL-2.0-only

// Processes as Go makes them: from many threads at once, and in its own place.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	n := 0
	for i := 0; i < 40; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			out, err := exec.Command("/bin/echo", fmt.Sprint(i)).Output()
			if err == nil && string(out) == fmt.Sprint(i)+"\n" {
				mu.Lock()
				n++
				mu.Unlock()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(n)
	fmt.Println(exec.Command("/bin/sh", "-c", "exit 7").Run())
	fmt.Println(exec.Command("/nonexistent").Run())
	fmt.Println(exec.Command("/etc/passwd").Run())
	syscall.Exec("/bin/echo", []string{"echo", "the end"}, os.Environ())
}
