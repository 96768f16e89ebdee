using Sim.Core;
using Sim.Pcie.Spec;
using static Sim.Pcie.Spec.PassiveLayout;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// A device that only answers (<see cref="PassiveLayout"/>). It has no DMA, so stopping it changes nothing: its registers go on taking
/// stores, and an image saved before a store is stale after it.
/// </summary>
public sealed class PassiveFunction(Simulator sim, string name, EndpointConfig layout)
    : ControlBlockFunction(sim, name, layout, StoppedAccessPolicy.Unfenced)
{
    private readonly uint[] _file = new uint[FileRegisters];
    private uint _stores;

    /// <inheritdoc/>
    public override MigrationSupport Supports => MigrationSupport.PeerToPeer;

    /// <inheritdoc/>
    protected override uint Identity => Magic;

    /// <inheritdoc/>
    protected override bool IsBusy => false;

    /// <inheritdoc/>
    protected override void Work()
    {
    }

    /// <inheritdoc/>
    protected override uint ReadRegister(int at, bool sideEffects)
    {
        switch (at)
        {
            case DmaQueueLayout.Identification: return Magic;
            case Trigger or Stores: return _stores;
            case DmaQueueLayout.EventCause:
                return TakeCause(sideEffects);
            default: return IsFile(at) ? _file[(at - FileBase) / 4] : 0;
        }
    }

    /// <inheritdoc/>
    protected override void WriteRegister(int at, uint value)
    {
        if (IsFile(at)) _file[(at - FileBase) / 4] = value;
        else if (at != Trigger) return;
        _stores++;
        if (at != Trigger) return;
        Cause = 1;
        Interrupts.Raise(0);
    }

    /// <inheritdoc/>
    protected override void SaveState(BinaryWriter image)
    {
        image.Write(_stores);
        image.Write(Cause);
        foreach (var register in _file) image.Write(register);
    }

    /// <inheritdoc/>
    protected override void LoadState(BinaryReader image)
    {
        _stores = image.ReadUInt32();
        Cause = image.ReadUInt32();
        for (var i = 0; i < FileRegisters; i++) _file[i] = image.ReadUInt32();
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Value)> DescribeState(BinaryReader image)
    {
        List<(string, string)> fields = [("stores", $"{image.ReadUInt32()}"), ("event cause", $"{image.ReadUInt32()}")];
        for (var i = 0; i < FileRegisters; i++) fields.Add(($"register {i}", $"0x{image.ReadUInt32():x}"));
        return fields;
    }

    /// <inheritdoc/>
    protected override void ResetState()
    {
        Array.Clear(_file);
        _stores = Cause = 0;
    }

    private static bool IsFile(int at) => at is >= FileBase and < FileBase + (4 * FileRegisters);
}
