#!/usr/bin/env bash
# Builds the SystemC and C++ baselines from a folder of sources, runs them interleaved with ours on the same work, and prints per workload the
# median of the ratios within one round (CPU time per event or operation, theirs over ours: above 1, ours is faster). Last it runs a sweep with
# one job and with two, and prints how much sooner two are done.
#   tests/Benchmarks/compare.sh [PERF_FOLDER=../shared/perf] [ROUNDS=5] [RESULT_FILE]
# Needs g++, libsystemc-dev and the .NET SDK. A run whose final simulated time or latency sum differs from ours is an error: other work.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
perf=$(cd "${1:-$repository/../shared/perf}" && pwd)
rounds=${2:-5}
results=${3:-/dev/null}
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

g++ -O3 -march=native -std=c++20 -o "$build/raw" "$perf/cpp/raw.cpp"
g++ -O3 -march=native -std=c++17 -o "$build/systemc" "$perf/systemc/sc_bench.cpp" -lsystemc
dotnet build -c Release -v q -nologo -o "$build/ours" "$repository/tests/Benchmarks/Benchmarks.csproj"
dotnet build -c Release -v q -nologo -o "$build/program" "$repository/Scenarios/Scenarios.csproj"

# label | ours | a baseline | another baseline ... ; every command of a line does the same work
workloads=(
  "hold 1e3|hold 1e3 1e6|systemc W1e 1e3 1e6|raw wheel W1 1e3 1e6|raw heap4 W1 1e3 1e6"
  "hold 1e5|hold 1e5 1e6|systemc W1e 1e5 1e6|raw wheel W1 1e5 1e6|raw heap4 W1 1e5 1e6"
  "ping|ping 1e6|systemc W2m 1e6|raw wheel W2 1e6|raw heap4 W2 1e6"
  "reads|reads 5e6|systemc W3 5e6|raw wheel W3 5e6|raw heap4 W3 5e6"
  "reads x64|reads 5e6 64|systemc W3 5e6 64|raw wheel W3 5e6 64|raw heap4 W3 5e6 64"
)

# label | ours | ours with more to do: CPU time over CPU time; other work, so that checks are not compared
costs=(
  "failing reads|reads 5e6|reads-failing 5e6"
  "observed|reads 5e6|reads-observed 5e6"
  "tree of 64|reads 5e6|reads-tree 5e6"
  "translated|reads 5e6|reads-iommu 5e6"
  "mlx5 writes|reads 1e6|mlx5-writes 1e6"
)

field() { sed -n "s/^RESULT.* $1=\([^ ]*\).*/\1/p"; }
run() { # COMMAND WORDS... -> "cpu check check2 bytes"
  local program=$1 line
  shift
  case $program in
    raw | systemc) line=$("$build/$program" "$@" 2>/dev/null | grep '^RESULT') ;;
    *) line=$("$build/ours/Benchmarks" "$program" "$@" | grep '^RESULT') ;;
  esac
  echo "$(field cpu <<<"$line") $(field check <<<"$line") $(field check2 <<<"$line") $(field alloc_bytes_per_event <<<"$line")"
}
seconds() { # COMMAND WORDS... -> wall time
  local start=$EPOCHREALTIME
  "$@" >/dev/null
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }'
}
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

{
  echo "# $(date -u +%F) $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(nproc) CPUs, commit $(git -C "$repository" rev-parse --short HEAD), $rounds rounds"
  for workload in "${workloads[@]}"; do
    IFS='|' read -ra commands <<<"$workload"
    for ((round = 0; round < rounds; round++)); do
      # shellcheck disable=SC2086 # the words of a command are meant to be split
      read -r ours check check2 bytes <<<"$(run ${commands[1]})"
      for ((i = 2; i < ${#commands[@]}; i++)); do
        # shellcheck disable=SC2086
        read -r theirs other other2 _ <<<"$(run ${commands[i]})"
        if [ "$check $check2" != "$other $other2" ]; then
          echo "'${commands[i]}' ended with $other/$other2, ours with $check/$check2: not the same work" >&2
          exit 1
        fi
        awk -v a="$theirs" -v b="$ours" 'BEGIN { print a / b }' >>"$build/ratios.$i"
      done
    done
    for ((i = 2; i < ${#commands[@]}; i++)); do
      printf '%-10s vs %-24s %6.2f x   (ours allocates %s B/event)\n' "${commands[0]}" "${commands[i]}" "$(median <"$build/ratios.$i")" "$bytes"
      rm "$build/ratios.$i"
    done
  done
  for cost in "${costs[@]}"; do
    IFS='|' read -ra commands <<<"$cost"
    for ((round = 0; round < rounds; round++)); do
      # shellcheck disable=SC2086
      read -r plain _ <<<"$(run ${commands[1]})"
      # shellcheck disable=SC2086
      read -r other _ <<<"$(run ${commands[2]})"
      awk -v a="$other" -v b="$plain" 'BEGIN { print a / b }' >>"$build/ratios.cost"
    done
    printf '%-14s costs %6.2f x the CPU time of %s\n' "${commands[0]}" "$(median <"$build/ratios.cost")" "${commands[1]}"
    rm "$build/ratios.cost"
  done
  # TieredPGO=0 as the published program has it.
  for ((round = 0; round < rounds; round++)); do
    one=$(DOTNET_TieredPGO=0 seconds "$build/program/pciesim" run "$repository/tests/Benchmarks/sweep.yaml" --jobs 1 --out "$build/out")
    two=$(DOTNET_TieredPGO=0 seconds "$build/program/pciesim" run "$repository/tests/Benchmarks/sweep.yaml" --jobs 2 --out "$build/out")
    awk -v a="$one" -v b="$two" 'BEGIN { print a / b }' >>"$build/ratios.jobs"
  done
  printf 'two jobs are done %.2f x as soon as one (sweep.yaml, wall time)\n' "$(median <"$build/ratios.jobs")"
} | tee -a "$results"
