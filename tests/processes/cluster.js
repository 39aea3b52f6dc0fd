// SPDX-License-Identifier: GPL-2.0-only
// cluster.js PORT POLICY: two workers of node's cluster behind one port.  With
// "shared" the workers accept from one listener; with "rr" the master accepts and
// passes each connection to a worker.
'use strict';
const cluster = require('cluster');
const http = require('http');
const [port, policy] = process.argv.slice(2);

cluster.schedulingPolicy = policy === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;
if (cluster.isMaster) {
	cluster.fork();
	cluster.fork();
	cluster.on('exit', (worker, code, signal) => {
		console.log(`exit ${worker.id} ${code} ${signal}`);
		// One that was killed is replaced.
		if (signal === 'SIGKILL')
			cluster.fork();
	});
	process.on('SIGTERM', () => cluster.disconnect(() => process.exit(0)));
} else {
	http.createServer((req, res) => {
		if (req.method === 'POST')
			req.pipe(res);
		else
			res.end(`${process.pid}\n`);
	}).listen(Number(port), '::');
	// The master ends us; a signal to the group must not.
	process.on('SIGTERM', () => {});
}
