using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Topology;

/// <summary>A function whose BAR0 is memory, and which keeps what its own reads and Messages brought.</summary>
internal sealed class ScratchFunction(Simulator sim, string name, EndpointConfig layout, int tags = 256)
    : EndpointFunction(sim, name, layout, tags)
{
    public const int BarSize = 0x1_0000;

    public byte[] Memory { get; } = new byte[BarSize];

    public List<(int Context, byte[] Data, CompletionStatus Status, SimTime Time)> Done { get; } = [];

    public List<TlpHeader> Messages { get; } = [];

    /// <summary>Answers to <see cref="OnMessage"/>.</summary>
    public bool TakesMessages { get; set; }

    /// <summary>What it decides on memory requests.</summary>
    public AccessDecision Decision { get; set; }

    public List<(ulong Offset, int Bytes)> Writes { get; } = [];

    public ulong Value(int offset) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(Memory.AsSpan(offset));

    /// <summary>A single-function PF with a 64 KiB prefetchable BAR0; options say the rest.</summary>
    public static EndpointConfig Layout(string name, ScratchOptions options)
    {
        var config = new ConfigSpace(name);
        var identity = new FunctionIdentity(DmaQueueLayout.VendorId, 0x7777, 0x088000)
        {
            InterruptPin = options.InterruptPin,
            MultiFunction = options.MultiFunction,
        };
        var header = Type0Header.Add(config, identity, new BarSpec(0, BarKind.Memory64Prefetchable, BarSize));
        var power = PowerManagementCapability.Add(config, 0x40, pmeSupport: 0x1F);
        var express = PciExpressCapability.Add(config, 0x60, new PciExpressOptions(PciePortType.Endpoint)
        {
            MaxPayloadSupported = options.MaxPayloadSupported,
            AtomicOpCompleter = options.AtomicOpCompleter,
            TenBitTagRequester = true,
            Ltr = true,
            EndEndTlpPrefix = options.Prefixes,
        });
        var aer = AerCapability.Add(config, 0x100, new AerOptions { TlpPrefixLog = options.Prefixes });
        var acs = options.Acs == AcsFeatures.None ? null : AcsCapability.Add(config, 0x150, options.Acs, 8);
        return new EndpointConfig(config, header, express) { Aer = aer, Power = power, Acs = acs };
    }

    protected internal override AccessDecision Decide(int bar, ulong offset, in TlpHeader header) => Decision;

    protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination) =>
        Memory.AsSpan((int)offset, destination.Length).CopyTo(destination);

    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        Writes.Add((offset, data.Length));
        data.CopyTo(Memory.AsSpan((int)offset));
    }

    protected internal override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status) =>
        Done.Add((context, data.ToArray(), status, Sim.Now));

    protected internal override bool OnMessage(in Tlp message)
    {
        Messages.Add(message.Header);
        return TakesMessages;
    }
}

internal sealed record ScratchOptions
{
    public int AtomicOpCompleter { get; init; } = 7;

    public byte InterruptPin { get; init; } = 1;

    public bool MultiFunction { get; init; }

    public bool Prefixes { get; init; } = true;

    public int MaxPayloadSupported { get; init; } = 512;

    public AcsFeatures Acs { get; init; }
}
