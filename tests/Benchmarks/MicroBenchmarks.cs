using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Benchmarks;

/// <summary>
/// The small pieces that every event and TLP go through, by BenchmarkDotNet: <c>-- micro --filter '*'</c>. Whole simulations are
/// measured by <see cref="Measurement"/>.
/// </summary>
internal static class MicroBenchmarks
{
    public static int Run(string[] args)
    {
        var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
        BenchmarkSwitcher.FromTypes([typeof(EventBenchmarks), typeof(TransactionBenchmarks)]).Run(args, DefaultConfig.Instance.AddJob(job));
        return 0;
    }
}
