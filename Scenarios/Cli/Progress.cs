using Scenarios.Model;
using Scenarios.Results;
using Scenarios.Running;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Scenarios.Cli;

/// <summary>A line of progress on the terminal's error stream; nothing at all where that is a pipe or a file.</summary>
internal static class Progress
{
    /// <summary>Runs a script and shows how far it is.</summary>
    public static ScenarioResult Of(ScriptFile file, ScenarioRunner runner, CancellationToken cancellation)
    {
        if (Console.IsErrorRedirected) return runner.Run(file, cancellation);
        var meter = new ProgressMeter(file.Variants.Count);
        var watched = file with { Variants = [.. file.Variants.Select(v => v with { Meter = meter })] };
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new MeterColumn(meter), new SpinnerColumn())
            .Start(context =>
            {
                var task = context.AddTask(Markup.Escape(file.Name), maxValue: meter.Total);
                task.IsIndeterminate = meter.Total == 1;
                return runner.Run(watched, cancellation, done => task.Value = meter.Done = done);
            });
    }

    private sealed class MeterColumn(ProgressMeter meter) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(meter.Words(task.ElapsedTime ?? TimeSpan.Zero));
    }
}
