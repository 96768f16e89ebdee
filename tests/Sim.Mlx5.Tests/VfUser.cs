using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests;

/// <summary>Drives a VF from the host: commands, one loopback QP, interrupts counted.</summary>
internal sealed class VfUser
{
    public const ulong MemoryBytes = 8 << 20;
    private const int LogEvents = 6;

    private readonly TestHost _host;
    private readonly ulong _memory;

    public VfUser(TestHost host, int index, ulong memory, int logSize = 4)
    {
        _host = host;
        _memory = memory;
        Function = host.Vfs[index];
        Bar = Function.Discovered.Bars[0].Address;
        Platform = new HostPlatform(host.Root, Bar);
        Commands = new Mlx5CommandInterface(Platform, memory, 1);
        Async = new EventQueueReader(Platform, memory + 0x10_0000, LogEvents);
        Events = new EventQueueReader(Platform, memory + 0x10_1000, LogEvents);
        Startup = new Mlx5Startup(Platform, Commands, memory + 0x11_0000, 64, Async, memory + 0x10_0000, LogEvents);
        Queue = new LoopbackQueue(Platform, memory + 0x10_2000, logSize);
    }

    public Sim.Vfio.Kernel.PciFunction Function { get; }

    public ulong Bar { get; }

    public HostPlatform Platform { get; }

    public Mlx5CommandInterface Commands { get; }

    public EventQueueReader Async { get; }

    public EventQueueReader Events { get; }

    public Mlx5Startup Startup { get; }

    public LoopbackQueue Queue { get; }

    public int Interrupts { get; private set; }

    public ulong Source => _memory + 0x20_0000;

    public ulong Destination => _memory + 0x30_0000;

    public async Task BringUpAsync()
    {
        while (!Startup.IsDone) await Startup.StepAsync();
    }

    public async Task OpenQueueAsync()
    {
        await BringUpAsync();
        Events.Initialize();
        Events.Uar = Startup.Uar;
        Events.Number = await Startup.CreateAsync(CommandInput.CreateEq(Startup.Uar, LogEvents, 1, _memory + 0x10_1000, 0));
        await EnableInterruptAsync(1);
        await Events.ArmAsync();
        while (!Queue.IsReady) await Queue.CreateStepAsync(Commands, Startup.Uar, Startup.Pd, Events.Number);
    }

    /// <summary>Fills the source and posts one write of it.</summary>
    public void PostWrite(int slot, int bytes, byte pattern)
    {
        var offset = (ulong)slot * 0x1_0000;
        _host.Root.Memory.Write(Source + offset, Enumerable.Repeat(pattern, bytes).ToArray());
        Queue.Post(WqeOpcode.RdmaWrite, Source + offset, Destination + offset, (uint)bytes, Startup.Mkey);
    }

    public byte[] Result(int slot, int bytes)
    {
        var data = new byte[bytes];
        _host.Root.Memory.Read(Destination + ((ulong)slot * 0x1_0000), data);
        return data;
    }

    private async Task EnableInterruptAsync(int vector)
    {
        var target = _host.Kernel.AllocateInterrupt(Function.Id, $"vf vector {vector}", () => Interrupts++);
        var entry = Bar + BarLayout.MsixTable + (ulong)(vector * 16);
        _host.Root.Store(entry, target.Address, 8);
        _host.Root.Store(entry + 8, target.Data, 4);
        _host.Root.Store(entry + 12, 0, 4);
        await Function.UpdateAsync(Function.Msix + 2, 2, 0, 0x8000);
    }
}
