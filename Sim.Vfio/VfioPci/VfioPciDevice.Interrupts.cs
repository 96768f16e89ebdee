using Sim.Pcie.Topology;
using static Sim.Vfio.Kernel.PciRegisters;

namespace Sim.Vfio.VfioPci;

public sealed partial class VfioPciDevice
{
    private MsixLocation? _msixTable;
    private MsiTarget?[] _targets = [];

    private readonly record struct MsixLocation(int Bar, ulong Offset, int Entries);

    /// <summary>SET_IRQS: gives each MSI-X vector a handler (an eventfd) and programs table and enable by stores and configuration
    /// writes.</summary>
    /// <param name="handlers">One per vector from 0; null leaves a vector masked.</param>
    /// <returns>EINVAL without MSI-X or with too many vectors.</returns>
    public async Task<Errno> SetIrqsAsync(params Action?[] handlers)
    {
        if (await MsixTableAsync() is not { } table || handlers.Length > table.Entries) return Errno.EINVAL;
        _targets = new MsiTarget?[handlers.Length];
        for (var vector = 0; vector < handlers.Length; vector++)
            if (handlers[vector] is { } handler)
                _targets[vector] = Kernel.AllocateInterrupt(Function.Id, $"{Function.Context}: {Function.Id} vector {vector}", handler);
        await RestoreMsixAsync();
        return Errno.None;
    }

    /// <summary>Writes the kernel's copy of the MSI-X table and enable to the device, as after a reset.</summary>
    public async Task RestoreMsixAsync()
    {
        if (_targets.Length == 0 || await MsixTableAsync() is not { } table) return;
        await Function.UpdateAsync(Function.Msix + MsixControl, 2, 0, MsixEnable);
        for (var vector = 0; vector < _targets.Length; vector++)
        {
            if (_targets[vector] is not { } target) continue;
            var entry = BarAddress(table.Bar) + table.Offset + (ulong)(vector * MsixEntryBytes);
            Kernel.Root.Store(entry, (uint)target.Address, 4);
            Kernel.Root.Store(entry + 4, target.Address >> 32, 4);
            Kernel.Root.Store(entry + 8, target.Data, 4);
            Kernel.Root.Store(entry + 12, 0, 4);
        }
    }

    private async Task<MsixLocation?> MsixTableAsync()
    {
        if (Function.Msix == 0) return null;
        if (_msixTable is not null) return _msixTable;
        var control = await Function.ReadAsync(Function.Msix + MsixControl, 2);
        var location = await Function.ReadAsync(Function.Msix + MsixTable, 4);
        return _msixTable = new((int)(location & 7), location & ~7u, (int)(control & 0x7FF) + 1);
    }
}
