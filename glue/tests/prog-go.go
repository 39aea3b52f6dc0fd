// SPDX-License-Identifier: GPL-2.0-only

// Goroutines, timers, signals, preemption and a recovered fault.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func spin(stop *bool) {
	for !*stop {
	}
}

func fault() (err interface{}) {
	defer func() { err = recover() }()
	var p *int
	return *p
}

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 0; i < 500; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for j := 0; j < 20; j++ {
				runtime.Gosched()
				time.Sleep(10 * time.Microsecond)
			}
			mu.Lock()
			sum += i
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	// A loop without a call is preempted by a signal.
	stop := false
	go spin(&stop)
	runtime.GC()
	ticks := 0
	t := time.NewTicker(time.Millisecond)
	for range t.C {
		if ticks++; ticks == 20 {
			break
		}
	}
	stop = true
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
	exe, _ := os.Executable()
	fmt.Println(sum, ticks, <-c, fault(), exe)
}
