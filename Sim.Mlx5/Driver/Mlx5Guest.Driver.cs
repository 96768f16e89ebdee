using Sim.Core;

namespace Sim.Mlx5.Driver;

// The guest's driver objects and their state as bytes.
public sealed partial class Mlx5Guest
{
    /// <inheritdoc/>
    public byte[] Save()
    {
        // Never attached since it was loaded: nothing has changed.
        if (_driver is null && _loaded is not null) return [.. _loaded];
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        int[] counters = [_wrong, _repeated, _lostInterrupts, _stalls, _asyncErrors, _misses, _idleSteps, _turn];
        foreach (var value in counters) to.Write(value);
        to.Write(_counter);
        to.Write(_compromised);
        to.Write(_pciDead);
        to.Write(_sinceHealth.Femtoseconds);
        to.Write(_failure ?? "");
        to.Write(_driver is not null);
        _driver?.Save(to);
        to.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> state)
    {
        _loaded = state.ToArray();
        _driver = null;
        Restore();
    }

    private BinaryReader Restore()
    {
        var from = new BinaryReader(new MemoryStream(_loaded!));
        (_wrong, _repeated, _lostInterrupts, _stalls) = (from.ReadInt32(), from.ReadInt32(), from.ReadInt32(), from.ReadInt32());
        (_asyncErrors, _misses, _idleSteps, _turn) = (from.ReadInt32(), from.ReadInt32(), from.ReadInt32(), from.ReadInt32());
        _counter = from.ReadUInt32();
        _compromised = from.ReadBoolean();
        _pciDead = from.ReadBoolean();
        _sinceHealth = new SimDuration(from.ReadInt64());
        var failure = from.ReadString();
        _failure = failure.Length == 0 ? null : failure;
        return from;
    }

    private void LoadDriver(GuestDriver driver)
    {
        using var from = Restore();
        if (from.ReadBoolean()) driver.Load(from);
    }
}
