using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Vfio.Migration;
using static Sim.Vfio.Migration.MigrationState;

namespace Sim.Vfio.Tests.Contract;

/// <summary>What every migratable device keeps, whatever it is: run once for each model, through its driver and over the bus.</summary>
public abstract class MigratableDeviceContract
{
    private static readonly SimDuration While = SimDuration.FromMicroseconds(60);
    private static readonly MigrationState[] Stopped = [Stop, StopCopy, Resuming];

    private MigratableDevice _device = null!;
    private int _requests;

    /// <summary>Every state a user can ask for.</summary>
    protected static IEnumerable<MigrationState> States => Enum.GetValues<MigrationState>().Where(s => s != Error);

    /// <summary>Boots a host with the device and opens it.</summary>
    protected abstract MigratableDevice Create();

    [Test]
    public void It_has_the_states_it_declares() => Run(async () =>
    {
        var features = _device.Device.Migration!.Features;
        var supports = _device.Contract.Supports;
        Assert.That(features.HasFlag(MigrationFeatures.StopCopy), Is.True);
        Assert.That(features.HasFlag(MigrationFeatures.P2P), Is.EqualTo(supports.HasFlag(MigrationSupport.PeerToPeer)));
        Assert.That(features.HasFlag(MigrationFeatures.PreCopy), Is.EqualTo(supports.HasFlag(MigrationSupport.PreCopy)));
        Assert.That(_device.Device.DirtyLog.IsSupported, Is.EqualTo(supports.HasFlag(MigrationSupport.WriteLog)));
        foreach (var state in States)
        {
            await BackAsync();
            var expected = MigrationArcs.IsSupported(state, features) ? Errno.None : Errno.EINVAL;
            Assert.That((await SetAsync(state)).Error, Is.EqualTo(expected), state.ToString());
        }
    });

    [Test]
    public void Suspending_drains_and_nothing_is_issued_afterwards() => Run(async () =>
    {
        foreach (var state in States.Where(s => s is not (Running or PreCopy) && IsSupported(s)))
        {
            await BackAsync();
            await LoadAsync();
            await _device.Pause();
            Assert.That((await SetAsync(state)).Error, Is.EqualTo(Errno.None));
            Assert.That(_device.Contract.InitiatorSuspended, Is.True, $"initiator in {state}");
            Assert.That(_device.Contract.ResponderSuspended, Is.EqualTo(Stopped.Contains(state)), $"responder in {state}");
            Assert.That(_device.Function.Dma.IsIdle, Is.True, $"outstanding requests in {state}");
            await SettleAsync();
            Assert.That(_requests, Is.Zero, $"requests in {state}");
        }
    });

    [Test]
    public void After_each_state_the_work_goes_on() => Run(async () =>
    {
        await LoadAsync();
        foreach (var state in States.Where(IsSupported))
        {
            await _device.Pause();
            Assert.That((await SetAsync(state)).Error, Is.EqualTo(Errno.None));
            await BackAsync();
            _ = _device.Advances();
            await LoadAsync();
            Assert.That(_device.Advances(), Is.True, $"after {state}");
        }
    });

    [Test]
    public void An_image_loaded_elsewhere_reads_back_byte_for_byte() => Run(async () =>
    {
        await LoadAsync();
        var image = await SaveAsync();
        Assert.That(image, Is.Not.Empty);
        byte[] again = [];
        RunOn(Create(), async other =>
        {
            await LoadImageAsync(other, image);
            again = await SaveAsync(other);
        });
        Assert.That(again, Is.EqualTo(image));
    });

    [Test]
    public void What_pre_copy_and_stop_copy_wrote_together_loads_as_the_last_state() => Run(async () =>
    {
        if (!IsSupported(PreCopy)) return;
        await LoadAsync();
        var file = (await SetAsync(PreCopy)).File!;
        using var stream = new MemoryStream();
        await DrainAsync(file, stream, Errno.ENOMSG);
        Assert.That(stream.Length, Is.Positive, "a first image");
        await _device.Sim.Delay(While);
        var info = await file.GetPreCopyInfoAsync();
        Assert.That((info.Error, info.InitialBytes), Is.EqualTo((Errno.None, 0ul)));
        Assert.That(info.DirtyBytes, Is.Positive, "it worked meanwhile");
        await DrainAsync(file, stream, Errno.ENOMSG);
        await _device.Pause();
        await SetAsync(StopCopy);
        Assert.That((await file.GetPreCopyInfoAsync()).Error, Is.EqualTo(Errno.EINVAL));
        await DrainAsync(file, stream, Errno.None);
        await SetAsync(Stop);
        var now = await SaveAsync();
        byte[] there = [];
        RunOn(Create(), async other =>
        {
            await LoadImageAsync(other, stream.ToArray());
            there = await SaveAsync(other);
        });
        Assert.That(there, Is.EqualTo(now));
    });

    [Test]
    public void Saving_twice_in_a_row_gives_the_same_image() => Run(async () =>
    {
        await LoadAsync();
        var image = await SaveAsync();
        await SetAsync(Stop);
        Assert.That(await SaveAsync(), Is.EqualTo(image));
    });

    [Test]
    public void An_image_it_calls_stable_outlives_the_accesses_of_a_careless_user() => Run(async () =>
    {
        await LoadAsync();
        var image = await SaveAsync();
        await SetAsync(Stop);
        await _device.Poke();
        await _device.Sim.Delay(While);
        var after = await SaveAsync();
        if (_device.Contract.Supports.HasFlag(MigrationSupport.StableImage)) Assert.That(after, Is.EqualTo(image));
        else Assert.That(after, Is.Not.EqualTo(image), "it declares an image that changes");
    });

    [Test]
    public void A_reset_in_any_state_or_arc_gives_a_running_device_and_dead_files() => Run(async () =>
    {
        foreach (var inArc in new[] { false, true })
            foreach (var state in States.Where(IsSupported))
            {
                await LoadAsync();
                await _device.Pause();
                var arc = _device.Device.Migration!.SetStateAsync(state);
                var file = inArc ? null : (await arc).File;
                Assert.That(await _device.Device.ResetAsync(), Is.EqualTo(Errno.None), $"reset in {state}");
                file ??= (await arc).File;
                Assert.That(_device.Device.Migration.State, Is.EqualTo(Running), $"after a reset in {state}");
                Assert.That(_device.Contract.InitiatorSuspended || _device.Contract.ResponderSuspended, Is.False, state.ToString());
                if (file is not null) Assert.That(await ErrorOfAsync(file), Is.EqualTo(Errno.ENODEV), $"file of {state}");
                Assert.That((await SetAsync(StopCopy)).Error, Is.EqualTo(Errno.None), $"it still migrates after a reset in {state}");
                await BackAsync();
            }
    });

    [Test]
    public void Configuration_space_answers_the_same_in_every_state() => Run(async () =>
    {
        await LoadAsync();
        await _device.Pause();
        var before = await ConfigAsync();
        foreach (var state in States.Where(IsSupported))
        {
            await BackAsync();
            await SetAsync(state);
            Assert.That(await ConfigAsync(), Is.EqualTo(before), state.ToString());
            var command = await _device.Device.Function.ReadAsync(4, 2);
            await _device.Device.Function.WriteAsync(4, 2, command);
            Assert.That(await _device.Device.Function.ReadAsync(4, 2), Is.EqualTo(command), $"a write in {state}");
        }
    });

    [Test]
    public void Its_write_log_holds_every_page_it_wrote() => Run(async () =>
    {
        if (!_device.Device.DirtyLog.IsSupported) return;
        var log = _device.Device.DirtyLog;
        var all = new IovaRange(0, 1 << 24);
        HashSet<ulong> truth = [];
        using var seen = _device.Function.Device.Transmitter.Arrived.Subscribe((SimTime _, in TlpHop hop) =>
        {
            var header = hop.Tlp.Header;
            if (header.Type == Sim.Pcie.Spec.TlpType.MWr && header.RequesterId == _device.Function.Id && header.FirstByteAddress < 1 << 24)
                truth.Add(header.FirstByteAddress & ~0xFFFul);
        });
        Assert.That((await log.ReportAsync(all, 4096)).Error, Is.EqualTo(Errno.EINVAL), "nothing is logged yet");
        Assert.That((await log.StartAsync([all], 4096)).Error, Is.EqualTo(Errno.None));
        Assert.That((await log.StartAsync([all], 4096)).Error, Is.EqualTo(Errno.EINVAL), "it is logging");
        await LoadAsync();
        await _device.Pause();
        await SetAsync(Stop);
        await SettleAsync();
        Assert.That((await log.ReportAsync(all, 4096)).Dirty!.Pages(), Is.SupersetOf(truth));
        Assert.That(truth, Is.Not.Empty);
        Assert.That((await log.ReportAsync(all, 4096)).Dirty!.Count, Is.Zero, "reading clears");
        Assert.That(await log.StopAsync(), Is.EqualTo(Errno.None));
        Assert.That((await log.ReportAsync(all, 4096)).Error, Is.EqualTo(Errno.EINVAL));
    });

    private static async Task<Errno> ErrorOfAsync(MigrationFile file) =>
        file.IsResuming ? (await file.WriteAsync(new byte[1])).Error : (await file.ReadAsync(new byte[1])).Error;

    private static async Task<byte[]> SaveAsync(MigratableDevice device)
    {
        await device.Pause();
        var state = await device.Device.Migration!.SetStateAsync(StopCopy);
        Assert.That(state.Error, Is.EqualTo(Errno.None));
        using var image = new MemoryStream();
        await DrainAsync(state.File!, image, Errno.None);
        return image.ToArray();
    }

    private static async Task LoadImageAsync(MigratableDevice device, byte[] image)
    {
        var resuming = await device.Device.Migration!.SetStateAsync(Resuming);
        Assert.That((await resuming.File!.WriteAsync(image)).Error, Is.EqualTo(Errno.None));
        Assert.That((await device.Device.Migration.SetStateAsync(Stop)).Error, Is.EqualTo(Errno.None));
    }

    private static async Task DrainAsync(MigrationFile file, MemoryStream into, Errno end)
    {
        var chunk = new byte[1024];
        while (true)
        {
            var read = await file.ReadAsync(chunk);
            if (read.Error != Errno.None || read.Bytes == 0)
            {
                Assert.That(read.Error, Is.EqualTo(end));
                return;
            }

            into.Write(chunk, 0, read.Bytes);
        }
    }

    private Task<byte[]> SaveAsync() => SaveAsync(_device);

    private bool IsSupported(MigrationState state) => MigrationArcs.IsSupported(state, _device.Device.Migration!.Features);

    private Task<SetStateResult> SetAsync(MigrationState state) => _device.Device.Migration!.SetStateAsync(state);

    private async Task BackAsync() => Assert.That((await SetAsync(Running)).Error, Is.EqualTo(Errno.None));

    private async Task LoadAsync()
    {
        await _device.Load();
        await _device.Sim.Delay(While);
    }

    /// <summary>What was on the wire has arrived; from here on requests count.</summary>
    private async Task SettleAsync()
    {
        await _device.Sim.Delay(SimDuration.FromMicroseconds(2));
        _requests = 0;
        await _device.Sim.Delay(While);
    }

    private async Task<uint[]> ConfigAsync()
    {
        var space = new uint[64];
        for (var i = 0; i < space.Length; i++) space[i] = await _device.Device.ConfigReadAsync(4 * i, 4);
        return space;
    }

    private static void RunOn(MigratableDevice device, Func<MigratableDevice, Task> test)
    {
        var done = device.Sim.Start("test", () => test(device));
        while (!done.IsCompleted && device.Sim.PendingEvents > 0) device.Sim.RunUntil(device.Sim.Now + SimDuration.FromMilliseconds(10));
        Assert.That(done.IsCompletedSuccessfully, Is.True, "the test process did not end");
    }

    private void Run(Func<Task> test)
    {
        _device = Create();
        using var seen = _device.Function.Device.Transmitter.Arrived.Subscribe((SimTime _, in TlpHop hop) =>
        {
            var header = hop.Tlp.Header;
            if (!header.IsCompletion && !header.IsMessage && header.RequesterId == _device.Function.Id) _requests++;
        });
        RunOn(_device, _ => test());
    }
}
