using System.Globalization;
using Benchmarks;
using Sim.Core;

// dotnet run -c Release --project tests/Benchmarks -- [--heap] WORKLOAD [NUMBER ...]      (numbers may be written as 1e5)
// dotnet run -c Release --project tests/Benchmarks -- micro --filter '*Decode*'            (BenchmarkDotNet)
if (args is ["micro", ..]) return MicroBenchmarks.Run([.. args.Skip(1)]);

IWorkload[] workloads =
[
    new HoldWorkload(), new PingWorkload(),
    new ReadsWorkload(), new ReadsWorkload { Name = "reads-failing", FailEvery = 10_000 },
    new ReadsWorkload { Name = "reads-observed", Observed = true }, new ReadsWorkload { Name = "reads-tree", Tree = true },
    new ReadsWorkload { Name = "reads-iommu", Translated = true },
    new Mlx5Workload(), new TlpDecodeWorkload(),
];

var queue = args.Contains("--heap") ? EventQueueKind.ReferenceHeap : EventQueueKind.Wheel;
var words = args.Where(a => a != "--heap").ToArray();
var workload = workloads.FirstOrDefault(w => w.Name == words.FirstOrDefault());
var numbers = new List<long>();
foreach (var word in words.Skip(1))
{
    if (!decimal.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || number <= 0 || number > long.MaxValue)
    {
        Console.Error.WriteLine($"'{word}' is no positive number.");
        return 2;
    }
    numbers.Add((long)number);
}
if (workload is null)
{
    Console.Error.WriteLine("Workloads (--heap: on the reference heap):");
    foreach (var w in workloads)
        Console.Error.WriteLine($"  {w.Usage}");
    Console.Error.WriteLine("  micro --filter PATTERN");
    return 2;
}
Measurement.Run(workload, numbers, queue);
return 0;
