using System.Diagnostics;
using System.Runtime;
using Sim.Core;

namespace Benchmarks;

/// <summary>Runs one workload and prints one line in the form of the baselines.</summary>
internal static class Measurement
{
    public static void Run(IWorkload workload, IReadOnlyList<long> numbers, EventQueueKind queue)
    {
        // Methods are recompiled with their profile in the background: until that has ended it would count as the simulation's CPU time.
        for (var i = 0; i < 10; i++)
        {
            var compiled = JitInfo.GetCompiledMethodCount();
            workload.Prepare(workload.WarmUp(numbers), queue).Run();
            Thread.Sleep(150);
            if (i > 0 && JitInfo.GetCompiledMethodCount() == compiled) break;
        }

        var run = workload.Prepare(numbers, queue);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var process = Process.GetCurrentProcess();
        var collections = GC.CollectionCount(0);
        var resident = process.WorkingSet64;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpuBefore = process.TotalProcessorTime;
        var started = Stopwatch.GetTimestamp();
        var result = run.Run();
        var wall = Stopwatch.GetElapsedTime(started).TotalSeconds;
        process.Refresh();
        var cpu = (process.TotalProcessorTime - cpuBefore).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        collections = GC.CollectionCount(0) - collections;

        var grown = (process.WorkingSet64 - resident) / 1e6;
        var ns = cpu / result.Events * 1e9;
        var bytes = (double)allocated / result.Events;
        FormattableString[] fields =
        [
            $"RESULT peer=pciesim-{queue} wl={workload.Name} n={numbers.ElementAtOrDefault(0, 0)} events={result.Events}",
            $"wall={wall:F4} cpu={cpu:F4} ns_per_event={ns:F2} ops={result.Operations} kops_s={result.Operations / wall / 1e3:F2}",
            $"alloc_bytes={allocated} alloc_bytes_per_event={bytes:F4} gc={collections} rss_growth_mb={grown:F1}",
            $"check={result.Check} check2={result.Check2}",
        ];
        Console.WriteLine(string.Join(' ', fields.Select(FormattableString.Invariant)));
    }
}

internal static class ListExtensions
{
    /// <summary>The element at an index, or a default when the list is shorter.</summary>
    public static long ElementAtOrDefault(this IReadOnlyList<long> list, int index, long otherwise) =>
        index < list.Count ? list[index] : otherwise;
}
