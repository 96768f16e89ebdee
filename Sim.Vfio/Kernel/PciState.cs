using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.Kernel;

/// <summary>The configuration registers of a Function that a driver saves while all is well and restores after a reset.</summary>
public sealed class PciState
{
    private const int LastHeaderDword = 0x3C;
    private const int VfBars = 6;

    private readonly List<(int Offset, int Size, uint Value)> _registers = [];

    private PciState()
    {
    }

    /// <summary>Reads the registers by configuration requests.</summary>
    public static async Task<PciState> SaveAsync(PciFunction function)
    {
        var state = new PciState();
        foreach (var (offset, size) in Registers(function)) state._registers.Add((offset, size, await function.ReadAsync(offset, size)));
        return state;
    }

    /// <summary>Writes them back, Command last so that nothing decodes or issues before it may.</summary>
    public async Task RestoreAsync(PciFunction function)
    {
        foreach (var (offset, size, value) in _registers) await function.WriteAsync(offset, size, value);
    }

    private static IEnumerable<(int Offset, int Size)> Registers(PciFunction function)
    {
        // A BAR keeps only what its size lets through.
        if (function.ResizableBar != 0) yield return (function.ResizableBar + ResizableBarControl, 4);
        for (var offset = FirstBar; offset <= LastHeaderDword; offset += 4)
        {
            // Secondary Status is RW1C: the I/O base and limit beside it go back alone. Bridge Control likewise without Interrupt Pin.
            if (function.IsBridge && offset == 0x1C) yield return (offset, 2);
            else if (offset == LastHeaderDword) yield return (offset, 1);
            else yield return (offset, 4);
        }

        if (function.IsBridge) yield return (BridgeControl, 2);
        if (function.Express != 0)
        {
            yield return (function.Express + DeviceControl, 2);
            yield return (function.Express + LinkControl, 2);
            yield return (function.Express + DeviceControl2, 2);
        }

        if (function.Sriov != 0)
        {
            yield return (function.Sriov + SriovNumVfs, 2);
            for (var bar = 0; bar < VfBars; bar++) yield return (function.Sriov + SriovFirstBar + 4 * bar, 4);
            yield return (function.Sriov + SriovControl, 2);
        }

        if (function.Acs != 0) yield return (function.Acs + AcsControl, 2);
        if (function is { IsBridge: true, Msi: not 0 })
        {
            // The 64-bit layout that every port here has (§7.7.1).
            yield return (function.Msi + MsiAddress, 4);
            yield return (function.Msi + MsiAddress + 4, 4);
            yield return (function.Msi + MsiAddress + 8, 2);
            yield return (function.Msi + MsiControl, 2);
        }

        if (function.Dpc != 0) yield return (function.Dpc + DpcControl, 2);
        if (function.Msix != 0) yield return (function.Msix + MsixControl, 2);
        yield return (Command, 2);
    }
}
