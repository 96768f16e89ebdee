using Qtest;
using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Tests.Qemu;

/// <summary>Something that runs a case: QEMU's machine or ours.</summary>
internal interface ITableMachine
{
    /// <summary>Fault Recording, upper half: a PASID, which without PASID Present means nothing and which QEMU fills with ones.</summary>
    private const ulong PasidValue = 0xF_FFFFul << 40;

    /// <summary>Takes the tables over and clears what is pending.</summary>
    void Prepare(RandomTables tables);

    /// <summary>One DMA.</summary>
    /// <returns>The host address that it reached; null if it reached none of the candidates.</returns>
    ulong? Run(TableRequest request, RandomTables tables);

    /// <summary>A register of the remapping unit.</summary>
    ulong Register(int offset, int bytes);

    /// <summary>A whole case in a line: what became of each request, and what the fault registers said after it.</summary>
    string RunAll(RandomTables tables)
    {
        Prepare(tables);
        List<string> parts = [];
        foreach (var request in tables.Requests)
        {
            var reached = Run(request, tables) is { } address ? $"{address:x}" : "-";
            var upper = Register(VtdRegister.FaultRecording + 8, 8) & ~PasidValue;
            var record = (upper & VtdField.Fault) == 0 ? "" : $",{Register(VtdRegister.FaultRecording, 8):x},{upper:x}";
            parts.Add($"{"ab"[request.Device]}{(request.IsWrite ? 'W' : 'R')}{request.Iova:x}>{reached}"
                + $",{Register(VtdRegister.FaultStatus, 4):x}{record}");
        }

        return string.Join(' ', parts);
    }
}

/// <summary>Our unit, asked as the Root Complex asks it.</summary>
internal sealed class SimulatedTables(int width) : ITableMachine, ITranslationClient
{
    private VtdUnit _unit = null!;
    private Translation _answer;

    public void Prepare(RandomTables tables)
    {
        var root = new RootComplex(new Simulator(), new RootComplexOptions { MemorySize = RandomTables.MemoryBytes });
        _unit = new VtdUnit(root, new VtdOptions
        {
            GuestAddressWidth = width,
            HostAddressWidth = width,
            FourLevels = width == 48,
            FaultRecords = 1,
            CollapsesFaults = true,
            ScalableMode = false,
        });
        foreach (var (address, value) in tables.Writes) root.Memory.WriteValue(address, value, 8);
        _unit.Write(VtdRegister.RootTableAddress, RandomTables.Root, 8);
        _unit.Write(VtdRegister.GlobalCommand, (uint)GlobalBits.RootTable, 4);
        _unit.Write(VtdRegister.GlobalCommand, (uint)GlobalBits.Translation, 4);
    }

    public ulong? Run(TableRequest request, RandomTables tables)
    {
        _unit.Write(VtdRegister.ContextCommand, 5ul << 61, 8);
        _unit.Write(VtdRegister.IotlbInvalidate, 1ul << 63 | 1ul << 60, 8);
        var id = RoutingId.Of(0, RandomTables.DeviceNumbers[request.Device], 0);
        var asked = new TranslationRequest(
            id, request.Iova, 8, request.IsWrite ? MemoryAccess.Write : MemoryAccess.Read, AddressType.Untranslated, 0);
        var answer = _unit.Translate(in asked, this, 0);
        if (answer.Status == TranslationStatus.Pending)
        {
            _unit.Sim.Run();
            answer = _answer;
        }

        return answer.Permitted && tables.Candidates.Contains(answer.Address) ? answer.Address : null;
    }

    public ulong Register(int offset, int bytes) => _unit.Read(offset, bytes);

    void ITranslationClient.OnTranslated(int slot, in Translation translation) => _answer = translation;
}

/// <summary>QEMU's intel-iommu with two edu devices, whose DMA engine copies between memory and a buffer of its own.</summary>
internal sealed class QemuTables : ITableMachine, IDisposable
{
    private const ulong Scratch = 0x50_0000;
    private const ulong EduBuffer = 0x4_0000;
    private const ulong Unit = VtdRegister.PageAddress;
    private const ulong Empty = 0xEEEE_EEEE_EEEE_EEEE;

    private readonly QtestMachine _qemu;
    private readonly ulong[] _bars = [0xE000_0000, 0xE010_0000];
    private ulong _marker = 0x1111_0000_0000_0000;

    public QemuTables(int width)
    {
        _qemu = QtestMachine.WithClock("-m", "256M", "-device", $"intel-iommu,intremap=off,aw-bits={width}",
            "-device", "edu,addr=3,dma_mask=0xffffffffffffffff", "-device", "edu,addr=4,dma_mask=0xffffffffffffffff");
        for (var i = 0; i < _bars.Length; i++)
        {
            _qemu.WriteConfig(RandomTables.DeviceNumbers[i] << 3, 0x10, 4, (uint)_bars[i]);
            _qemu.WriteConfig(RandomTables.DeviceNumbers[i] << 3, 0x04, 4, 6);
        }
    }

    public void Dispose() => _qemu.Dispose();

    public void Prepare(RandomTables tables)
    {
        _qemu.WriteMemory(Unit + VtdRegister.GlobalCommand, 4, 0);
        _qemu.FillMemory(RandomTables.Root, RandomTables.TablesEnd - RandomTables.Root, 0);
        foreach (var (address, value) in tables.Writes) _qemu.WriteMemory(address, 8, value);
        _qemu.WriteMemory(Unit + VtdRegister.FaultRecording + 12, 4, 0x8000_0000);
        _qemu.WriteMemory(Unit + VtdRegister.FaultStatus, 4, 0xFF);
        _qemu.WriteMemory(Unit + VtdRegister.FaultRecording, 8, 0);
        _qemu.WriteMemory(Unit + VtdRegister.RootTableAddress, 8, RandomTables.Root);
        _qemu.WriteMemory(Unit + VtdRegister.GlobalCommand, 4, (uint)GlobalBits.RootTable);
    }

    public ulong? Run(TableRequest request, RandomTables tables)
    {
        foreach (var candidate in tables.Candidates) _qemu.WriteMemory(candidate, 8, candidate);
        var marker = request.IsWrite ? ++_marker : Empty;
        _qemu.WriteMemory(Scratch, 8, marker);
        Copy(request.Device, Scratch, EduBuffer, toMemory: false);
        _qemu.WriteMemory(Unit + VtdRegister.GlobalCommand, 4, (uint)GlobalBits.Translation);
        _qemu.WriteMemory(Unit + VtdRegister.ContextCommand, 8, 5ul << 61);
        _qemu.WriteMemory(Unit + VtdRegister.IotlbInvalidate, 8, 1ul << 63 | 1ul << 60);
        if (request.IsWrite) Copy(request.Device, EduBuffer, request.Iova, toMemory: true);
        else Copy(request.Device, request.Iova, EduBuffer, toMemory: false);
        _qemu.WriteMemory(Unit + VtdRegister.GlobalCommand, 4, 0);
        if (request.IsWrite)
        {
            foreach (var candidate in tables.Candidates)
                if (_qemu.ReadMemory(candidate, 8) == marker) return candidate;
            return null;
        }

        Copy(request.Device, EduBuffer, Scratch, toMemory: true);
        var read = _qemu.ReadMemory(Scratch, 8);
        return tables.Candidates.Contains(read) ? read : null;
    }

    public ulong Register(int offset, int bytes) => _qemu.ReadMemory(Unit + (ulong)offset, bytes);

    private void Copy(int device, ulong source, ulong destination, bool toMemory)
    {
        var bar = _bars[device];
        _qemu.WriteMemory(bar + 0x80, 8, source);
        _qemu.WriteMemory(bar + 0x88, 8, destination);
        _qemu.WriteMemory(bar + 0x90, 8, 8);
        _qemu.WriteMemory(bar + 0x98, 8, toMemory ? 3ul : 1ul);
        while ((_qemu.ReadMemory(bar + 0x98, 8) & 1) != 0)
        {
            // The virtual clock jumps to the engine's timer.
        }
    }
}
