using BenchmarkDotNet.Attributes;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Transactions;

namespace Benchmarks;

/// <summary>What a TLP or a register access costs on its own.</summary>
public class TransactionBenchmarks
{
    private static readonly uint[] Write = [0x60001004, 0x030000FF, 0x0000007D, 0xFE7EB000, 1, 2, 3, 4];

    private readonly DataRate _rate = LinkRates.DataRate(LinkSpeed.Gen4, LinkWidth.X16);
    private readonly ConfigSpace _config = EndpointTemplates.PhysicalFunction(
        "nic", new EndpointOptions { Identity = new FunctionIdentity(0x1DE5, 1, 0x020000) }).Header.Config;

    [Benchmark(Description = "decode a MWr of 4 header DWs")]
    public bool Decode() => TlpCodec.TryDecode(Write, out _, out _);

    [Benchmark(Description = "wire time of a TLP, Gen4 x16")]
    public SimDuration WireTime() => _rate.TimeFor(284);

    [Benchmark(Description = "write and read a configuration register")]
    public uint WriteAndReadConfig()
    {
        _config.WriteDword(HeaderView.CommandOffset, 6, 0x3);
        return _config.Read(HeaderView.CommandOffset);
    }
}
