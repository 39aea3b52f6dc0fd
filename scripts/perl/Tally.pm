# SPDX-License-Identifier: GPL-2.0-only
# prove --harness Tally: as prove does it, and note in the file $TALLY how many
# tests passed, failed and were skipped, since one suite is several runs.
package Tally;
use strict;
use warnings;
use parent 'TAP::Harness';

sub runtests {
	my ($self, @tests) = @_;
	my $agg = $self->SUPER::runtests(@tests);
	my $failed = $agg->failed;

	# A file that died or broke its plan counts, too.
	$failed ||= scalar(grep { $_ } $agg->parse_errors, $agg->exit) if $agg->has_problems;
	if ($ENV{TALLY}) {
		open my $fh, '>>', $ENV{TALLY} or die "$ENV{TALLY}: $!";
		printf $fh "%d %d %d\n", $agg->passed - $agg->skipped, $failed, scalar $agg->skipped;
		close $fh;
	}
	return $agg;
}

1;
